import { blake2b256 } from "@copse/crypto";
import { installFastest } from "@copse/crypto/fastest";
import { bench } from "@copse/testkit/bench";
import { decodeBlockHeader } from "@copse/types";
import { linkRun, packRun, skimHeader } from "../src/index.ts";
import { downFrom, fakeChain, fakeGenesis, fakeRules } from "../test/fixtures/fake-chain.ts";

await installFastest();
// as mainnet: 4.5 headers a tipset on average
const chain = fakeChain(fakeGenesis, 900, (height) => Array.from({ length: 3 + (height % 4) }, (_, i) => i + 1));
const head = chain.at(-1) ?? fakeGenesis;
const window = downFrom(head);
const headers = window.flatMap((tipset) => [...tipset.headers]);
const one = headers[7] as Uint8Array;

await bench("chain/skimHeader 1KB", {
  given: () => one,
  unit: "header",
  run: (bytes) => void skimHeader(bytes),
  beside: {
    decodeBlockHeader: (bytes) => void decodeBlockHeader(bytes),
    blake2b256: (bytes) => void blake2b256(bytes),
  },
});
await bench("chain/linkRun 900-tipsets", {
  given: () => window,
  unit: "header",
  run: (tipsets) => {
    const run = linkRun({ key: head.key }, tipsets, fakeRules);
    if (run.fault !== undefined || !run.reachedGenesis) throw run.fault;
    return headers.length;
  },
});
await bench("chain/linkRun+packRun 900-tipsets", {
  given: () => window,
  unit: "header",
  run: (tipsets) => {
    packRun(linkRun({ key: head.key }, tipsets, fakeRules));
    return headers.length;
  },
});
