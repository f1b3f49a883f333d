import { networkCounters } from "@copse/network";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Api, serveApi } from "../src/api.ts";
import { createMetrics } from "../src/metrics.ts";

const metrics = createMetrics({ process: false });
let status: () => unknown = () => ({ network: "test", weight: 2n ** 70n, key: Uint8Array.of(1, 2) });
let api: Api;
beforeAll(async () => {
  api = await serveApi("127.0.0.1:0", { status: () => status(), metrics: metrics.registry });
});
afterAll(() => api.close());

/** One sample of the Prometheus text. */
async function sample(line: RegExp): Promise<string | undefined> {
  return line.exec(await (await fetch(`${api.url}/metrics`)).text())?.[1];
}

describe("serveApi", () => {
  it("tells the status as JSON, big integers and bytes too", async () => {
    const response = await fetch(`${api.url}/status`);
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toEqual({ network: "test", weight: String(2n ** 70n), key: "AQI=" });
  });

  it("lives", async () => {
    expect(await (await fetch(`${api.url}/livez`)).text()).toBe("ok");
  });

  it("knows nothing else, and changes nothing", async () => {
    expect((await fetch(`${api.url}/shutdown`)).status).toBe(404);
    expect((await fetch(`${api.url}/status`, { method: "POST", body: "{}" })).status).toBe(404);
    expect((await fetch(`${api.url}/status`, { method: "POST", body: "x".repeat(5000) })).status).toBeGreaterThan(399);
  });

  it("says so when the status fails, and lives on", async () => {
    const good = status;
    status = () => {
      throw new Error("broken");
    };
    expect((await fetch(`${api.url}/status`)).status).toBe(500);
    status = good;
    expect((await fetch(`${api.url}/status`)).status).toBe(200);
  });

  it("fails as the machine does where the address is taken, or not ours", async () => {
    const needs = { status: () => ({}), metrics: metrics.registry };
    const taken = new URL(api.url).host;
    await expect(serveApi(taken, needs)).rejects.toMatchObject({
      code: "host/store-failed",
      message: expect.stringContaining(taken),
    });
    await expect(serveApi("203.0.113.1:0", needs)).rejects.toMatchObject({ code: "host/store-failed" });
  });
});

describe("metrics", () => {
  it("end in their unit, and are explained", async () => {
    const response = await fetch(`${api.url}/metrics`);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain/);
    const text = await response.text();
    const names = [...text.matchAll(/^# TYPE (\S+) \S+$/gm)].map(([, name]) => name as string);
    for (const name of Object.keys(networkCounters)) expect(names).toContain(name);
    expect(names).toEqual(expect.arrayContaining(["copse_chain_height_epochs", "copse_sync_tipsets_total"]));
    for (const name of names) {
      expect(name).toMatch(/^copse_[a-z_]+_(total|seconds|bytes|epochs|peers)$/);
      expect(text).toMatch(new RegExp(`^# HELP ${name} \\S`, "m"));
    }
  });

  it("count, by label where there is one", async () => {
    metrics.network.count("copse_network_dials_total", 1, "ok");
    metrics.network.count("copse_network_dials_total", 2, "ok");
    metrics.network.count("copse_network_dials_total", 1, "failed");
    metrics.liars.inc();
    metrics.heights.set({ what: "head" }, 39);
    expect(await sample(/^copse_network_dials_total\{outcome="ok"\} (\d+)$/m)).toBe("3");
    expect(await sample(/^copse_network_dials_total\{outcome="failed"\} (\d+)$/m)).toBe("1");
    expect(await sample(/^copse_sync_liars_total (\d+)$/m)).toBe("1");
    expect(await sample(/^copse_chain_height_epochs\{what="head"\} (\d+)$/m)).toBe("39");
  });

  it("of one node are not those of another", async () => {
    const other = createMetrics({ process: true });
    expect(await other.registry.metrics()).toMatch(/^copse_sync_liars_total 0$/m);
    expect(await other.registry.metrics()).toMatch(/^process_cpu_seconds_total /m);
  });
});
