"""How the sandbox's pay page looks: one narrow card, light or dark, from a phone's width on."""

import base64
import hashlib
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--ink:#16181d;--soft:#5b6270;--line:#e3e6eb;--edge:#868d9a;
--badge:#fff3d6;--badge-ink:#6b4700;--go:#146c43;--go-ink:#fff;--bad:#a3261b;--focus:#1d5fd0}
@media (prefers-color-scheme:dark){:root{--page:#101216;--card:#1a1d23;--ink:#eceef2;--soft:#a2a9b6;
--line:#31363f;--edge:#7b8392;--badge:#3a2d0d;--badge-ink:#ffd98a;--go:#3ecf8e;--go-ink:#06251a;--bad:#ff9a8f;--focus:#8ab4ff}}
*{box-sizing:border-box}
body{margin:0;padding:2rem 1rem;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,
"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
main{max-width:28rem;margin:0 auto;background:var(--card);border:1px solid var(--line);border-radius:1rem;
overflow:hidden}
.badge{margin:0;padding:.6rem 1.5rem;background:var(--badge);color:var(--badge-ink);font-size:.875rem;font-weight:600}
.body{padding:1.5rem}
h1{margin:0;font-size:1rem;font-weight:400;color:var(--soft)}
h1 b{color:var(--ink);font-weight:600}
.sum{margin:.25rem 0 0;font-size:2.25rem;line-height:1.2;font-weight:700;font-variant-numeric:tabular-nums}
.until{margin:.25rem 0 0;color:var(--soft);font-size:.875rem}
.until span,time{white-space:nowrap}
table{width:100%;margin:1.25rem 0;border-collapse:collapse;font-variant-numeric:tabular-nums}
th,td{padding:.6rem 0;border-bottom:1px solid var(--line);text-align:left;font-weight:400;vertical-align:top}
td:last-child{padding-left:1rem;text-align:right;white-space:nowrap;overflow-wrap:normal}
th small{display:block;color:var(--soft);font-size:.8125rem}
tfoot th,tfoot td{border-bottom:0;font-weight:600}
button{display:block;width:100%;min-height:3rem;padding:.6rem 1rem;font:inherit;font-weight:600;border-radius:.6rem;
border:1px solid var(--edge);background:transparent;color:var(--ink);cursor:pointer}
button:hover{border-color:var(--ink)}
button.pay{background:var(--go);border-color:var(--go);color:var(--go-ink)}
button.pay:hover{filter:brightness(1.08)}
button:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.others{display:grid;grid-template-columns:1fr 1fr;gap:.75rem;margin-top:.75rem}
.hint{margin:.75rem 0 0;color:var(--soft);font-size:.8125rem}
.end{display:flex;gap:.75rem;align-items:flex-start;margin:1.25rem 0;padding:1rem;border:1px solid var(--line);
border-left:4px solid var(--soft);border-radius:.6rem}
.end.paid{border-left-color:var(--go)}
.end.denied{border-left-color:var(--bad)}
.end svg{flex:none;width:1.5rem;height:1.5rem;margin-top:.05rem;color:var(--soft)}
.end.paid svg{color:var(--go)}
.end.denied svg{color:var(--bad)}
.end h2{margin:0;font-size:1.0625rem}
.end p{margin:.15rem 0 0;color:var(--soft)}
.end .when{margin-top:.4rem;font-size:.8125rem}
footer{padding:.9rem 1.5rem;border-top:1px solid var(--line);color:var(--soft);font-size:.8125rem}
@media (max-width:24rem){body{padding:0}main{border:0;border-radius:0;min-height:100vh}.body{padding:1.25rem}
.badge,footer{padding-left:1.25rem;padding-right:1.25rem}.sum{font-size:2rem}}
"""

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()}'; "
    "img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""The page has no script, and no style but this one."""
