import { HostFault } from "@copse/primitives";
import fastify from "fastify";
import type { Registry } from "prom-client";
import { toJson } from "./output.ts";

/** A running status server. */
export interface Api {
  /** Where it answers: `http://127.0.0.1:4321`. */
  readonly url: string;
  close(): Promise<void>;
}

/** What the status server answers with. */
export interface ApiNeeds {
  readonly status: () => unknown;
  readonly metrics: Registry;
}

/**
 * Serves `/status` (JSON), `/metrics` (Prometheus) and `/livez` on an address such as `127.0.0.1:0`.
 *
 * It reads only and takes no input beside the path; keep it on loopback unless what it tells may be public.
 *
 * @throws {HostFault} `host/store-failed` where the address is taken or not this machine's
 */
export async function serveApi(address: string, needs: ApiNeeds): Promise<Api> {
  const server = fastify({ bodyLimit: 1024, requestTimeout: 10_000 });
  server.get("/status", (_request, reply) => reply.type("application/json").send(toJson(needs.status())));
  server.get("/metrics", async (_request, reply) =>
    reply.type(needs.metrics.contentType).send(await needs.metrics.metrics()),
  );
  server.get("/livez", (_request, reply) => reply.send("ok"));
  const cut = address.lastIndexOf(":");
  const host = address.slice(0, cut).replace(/^\[(.*)\]$/, "$1");
  try {
    const url = await server.listen({ host, port: Number(address.slice(cut + 1)) });
    return { url, close: () => server.close() };
  } catch (error) {
    const facts = { operation: `serve status on ${address}`, reason: String(error) };
    throw new HostFault("host/store-failed", facts, { cause: error });
  }
}
