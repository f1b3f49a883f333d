import { type ChildProcess, fork } from "node:child_process";
import { CborWriter, cidOf } from "@copse/ipld";
import { concatBytes } from "@copse/primitives";
import { bench } from "@copse/testkit/bench";
import { TipsetKey } from "@copse/types";
import { decodeExchangeResponse } from "../src/exchange-codec.ts";
import { createExchangeClient, createHost, emptyChainSource, serveExchange, serveHello } from "../src/index.ts";
import { fakeChain } from "../test/fake-chain.ts";

/** Walks a served chain of 9,000 tipsets of 5 headers (0.9 KB each) from the head, window by window, next key from the headers' CIDs. */
async function serve(): Promise<{ child: ChildProcess; address: string; head: TipsetKey; genesis: TipsetKey }> {
  const child = fork(new URL("./serve/peer.ts", import.meta.url), { execArgv: ["--conditions=@copse/source"] });
  const told = await new Promise<{ address: string; head: number[]; genesis: number[] }>((resolve) =>
    child.once("message", resolve as (message: unknown) => void),
  );
  return { child, address: told.address, head: key(told.head), genesis: key(told.genesis) };
}

const key = (bytes: readonly number[]): TipsetKey => TipsetKey.fromBytes(Uint8Array.from(bytes));
const peer = await serve();
const host = await createHost({ networkName: "bench", privateNetwork: true, kad: false });
await serveHello({
  host,
  genesis: peer.genesis,
  head: () => ({ head: peer.genesis, height: 0, weight: 0n }),
  onHead: () => {},
});
await serveExchange({ host, source: emptyChainSource });
await host.start();
const id = await host.dial(peer.address);
const client = createExchangeClient({ host });

const bytes = { value: 0 };
await bench("network/exchange loopback 900-tipset windows", {
  given: () => undefined,
  unit: "header",
  roundMs: 1500,
  run: async () => {
    const { tipsets, bytes: size } = await client.request(id, { head: peer.head, count: 900 });
    bytes.value = size;
    return tipsets.reduce((sum, { headers }) => sum + headers.length, 0);
  },
});
await bench("network/exchange loopback 4 windows at once", {
  given: () => undefined,
  unit: "header",
  roundMs: 1500,
  run: async () => {
    const answers = await Promise.all([1, 2, 3, 4].map(() => client.request(id, { head: peer.head, count: 900 })));
    return answers.reduce((sum, { tipsets }) => sum + tipsets.reduce((n, { headers }) => n + headers.length, 0), 0);
  },
});
console.log(`one answer: ${bytes.value} B`);

const serverCpu = async (): Promise<number> => {
  const told = new Promise<NodeJS.CpuUsage>((resolve) => peer.child.once("message", resolve as (m: unknown) => void));
  peer.child.send("cpu");
  const { user, system } = await told;
  return user + system;
};
// on a busy machine only the CPU spent per header means something
for (const atOnce of [1, 4]) {
  const before = process.cpuUsage();
  const servedBefore = await serverCpu();
  let headers = 0;
  for (let i = 0; i < 12; i += atOnce) {
    const ask = (): ReturnType<typeof client.request> => client.request(id, { head: peer.head, count: 900 });
    for (const { tipsets } of await Promise.all(Array.from({ length: atOnce }, ask))) {
      for (const tipset of tipsets) headers += tipset.headers.length;
    }
  }
  const { user, system } = process.cpuUsage(before);
  const served = (await serverCpu()) - servedBefore;
  const each = (microseconds: number): string => (microseconds / headers).toFixed(1);
  console.log(`CPU, ${atOnce} at once: client ${each(user + system)} µs a header, server ${each(served)} µs`);
}

await bench("network/exchange answer split", {
  given: () => {
    const chain = fakeChain(900, 5);
    const pieces = [new CborWriter().array(3).uint(0).text("").array(900).finish()];
    for (const { headers } of chain.tipsets.values()) {
      pieces.push(new CborWriter().array(2).array(headers.length).finish(), ...headers, Uint8Array.of(0xf6));
    }
    return concatBytes(...pieces);
  },
  unit: "header",
  run: (answer) => decodeExchangeResponse(answer, 900, 1).tipsets.reduce((sum, { headers }) => sum + headers.length, 0),
  beside: {
    "and hashed": (answer) => {
      let count = 0;
      for (const { headers } of decodeExchangeResponse(answer, 900, 1).tipsets) {
        for (const header of headers) count += cidOf(header).length > 0 ? 1 : 0;
      }
      return count;
    },
  },
});
peer.child.kill();
await host.stop();
