import { cidOf } from "@copse/ipld";
import { TipsetKey } from "@copse/types";
import { afterEach } from "vitest";
import type { NetworkError } from "../src/errors.ts";
import type { ExchangeServerLimits } from "../src/exchange-server.ts";
import type { HelloLimits } from "../src/hello.ts";
import type { StreamHandler } from "../src/host-options.ts";
import {
  type ChainSource,
  createExchangeClient,
  createHost,
  type ExchangeClient,
  type ExchangeLimits,
  emptyChainSource,
  type HelloService,
  type Host,
  type HostOptions,
  type PeerHead,
  serveExchange,
  serveHello,
} from "../src/index.ts";
import { exchangeProtocol } from "../src/protocols.ts";

export const testGenesis: TipsetKey = TipsetKey.fromBytes(cidOf(Uint8Array.of(0x81, 0x00)));

export interface TestNode {
  readonly host: Host;
  readonly hello: HelloService;
  readonly client: ExchangeClient;
  readonly heads: PeerHead[];
  readonly faults: { peer: string; error: NetworkError }[];
  readonly address: string;
  readonly peer: string;
}

export interface NodeOptions {
  readonly source?: ChainSource;
  /** Answers chain exchange by hand, instead of the server. */
  readonly exchange?: StreamHandler;
  readonly genesis?: Uint8Array;
  readonly head?: TipsetKey;
  readonly host?: Partial<HostOptions>;
  readonly client?: Partial<ExchangeLimits>;
  readonly server?: Partial<ExchangeServerLimits>;
  readonly hello?: Partial<HelloLimits>;
}

const running: TestNode[] = [];

afterEach(async () => {
  await Promise.all(
    running.splice(0).map(async (node) => {
      await node.hello.stop();
      await node.host.stop();
    }),
  );
});

/** A whole node on 127.0.0.1, stopped after the test. */
export async function startNode(options: NodeOptions = {}): Promise<TestNode> {
  const host = await createHost({
    networkName: "test",
    listen: ["/ip4/127.0.0.1/tcp/0"],
    privateNetwork: true,
    kad: false,
    ...options.host,
  });
  const heads: PeerHead[] = [];
  const faults: TestNode["faults"] = [];
  const genesis = options.genesis ?? testGenesis;
  const hello = await serveHello(
    {
      host,
      genesis,
      head: () => ({ head: options.head ?? TipsetKey.fromBytes(genesis), height: 7, weight: 1n << 70n }),
      onHead: (head) => heads.push(head),
      onFault: (peer, error) => faults.push({ peer, error }),
    },
    options.hello,
  );
  if (options.exchange) await host.handle([exchangeProtocol], options.exchange);
  else await serveExchange({ host, source: options.source ?? emptyChainSource }, options.server);
  await host.start();
  const node: TestNode = {
    host,
    hello,
    client: createExchangeClient({ host }, options.client),
    heads,
    faults,
    address: host.addresses()[0] ?? "",
    peer: host.peer,
  };
  running.push(node);
  return node;
}

/** Resolves once `holds`; looks again after each turn of the event loop. The test's own timeout ends it. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Connects two nodes; resolves once both identified each other. Protocols must be handled by then: identify names them. */
export async function connect(a: TestNode, b: TestNode): Promise<void> {
  await a.host.dial(b.address);
  const knows = (one: TestNode, other: TestNode): boolean => one.host.peers().some(({ peer }) => peer === other.peer);
  await until(() => knows(a, b) && knows(b, a));
}

/** Two nodes, connected and identified on both sides. */
export async function pair(a: NodeOptions = {}, b: NodeOptions = {}): Promise<[TestNode, TestNode]> {
  const [first, second] = await Promise.all([startNode(a), startNode(b)]);
  await connect(first, second);
  return [first, second];
}
