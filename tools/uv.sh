#!/bin/sh
# Run uv with the given arguments: the one on PATH, else one that pip puts into .uv/ and nowhere else.
set -eu

if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then
    exec uv "$@"
fi
python=${PYTHON:-python3}
if "$python" -m uv --version >/dev/null 2>&1; then
    exec "$python" -m uv "$@"
fi

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if [ ! -x "$root/.uv/bin/uv" ]; then
    if ! "$python" -m pip --version >/dev/null 2>&1; then
        echo "uv is not installed and neither is pip, which would install it: install python3-pip or uv first." >&2
        exit 2
    fi
    echo "Installing uv into .uv/ …" >&2
    # A target directory leaves the system's packages alone, so that Debian's own Python allows it as well.
    "$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-warn-script-location \
        --target "$root/.uv" --upgrade uv >&2
    echo '*' >"$root/.uv/.gitignore"
fi
exec "$root/.uv/bin/uv" "$@"
