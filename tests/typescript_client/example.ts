// What a client does: it submits a job, follows it, lists jobs, and makes a tenant. It only has to type-check.
import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api";

type Job = components["schemas"]["JobResource"];

const api = createClient<paths>({
  baseUrl: "http://localhost:8000",
  headers: { Authorization: "Bearer aip_…" },
});

export async function answerTo(prompt: string, orderId: string): Promise<string> {
  const { data, error } = await api.POST("/v1/jobs", {
    params: { header: { "Idempotency-Key": `order-${orderId}` } },
    body: { prompt, config_name: "default-smart", priority: "high", metadata: { orderId } },
  });
  if (error) {
    throw new Error(`${error.code}: ${error.detail}`);
  }
  return resultOf(await jobOf(data.job_id));
}

async function jobOf(job_id: string): Promise<Job> {
  const { data, error } = await api.GET("/v1/jobs/{job_id}", { params: { path: { job_id } } });
  if (error) {
    throw new Error(error.code);
  }
  return data;
}

function resultOf(job: Job): string {
  switch (job.status) {
    case "COMPLETED":
      return job.result ?? "";
    case "FAILED":
      throw new Error(job.error?.message ?? "failed");
    default:
      return job.status satisfies "QUEUED" | "PROCESSING" | "RETRYING" | "CANCELLED";
  }
}

export async function allFailedJobs(): Promise<Job[]> {
  const found: Job[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const query = { status: "FAILED" as const, limit: 200, ...(cursor ? { cursor } : {}) };
    const { data, error }: Awaited<ReturnType<typeof page>> = await page(query);
    if (error) {
      throw new Error(error.errors?.[0]?.msg ?? error.detail);
    }
    found.push(...data.items);
    cursor = data.next_cursor;
  }
  return found;
}

function page(query: NonNullable<paths["/v1/jobs"]["get"]["parameters"]["query"]>) {
  return api.GET("/v1/jobs", { params: { query } });
}

export async function takeOn(name: string): Promise<{ tenantId: string; key: string }> {
  const { data, error } = await api.POST("/v1/crm/tenants", {
    body: { name, business_hours: { mon: ["09:00-12:00", "13:00-17:00"] }, options: { order_expiry_hours: 12 } },
  });
  if (error) {
    throw new Error(error.code);
  }
  const changed = await api.PATCH("/v1/crm/tenants/{tenant_id}", {
    params: { path: { tenant_id: data.id }, header: { "If-Match": `"${data.version}"` } },
    body: { agent_enabled: false },
  });
  if (changed.error) {
    throw new Error(changed.error.code);
  }
  // @ts-expect-error -- a secret is told once, when the tenant is made
  changed.data.webhook_secret;
  // @ts-expect-error -- there is no such role
  await api.POST("/v1/crm/tenants/{tenant_id}/api-keys", { body: { name: "x", role: "king" } });
  return { tenantId: data.id, key: data.api_key };
}
