import { bench } from "@copse/testkit/bench";
import * as dagCbor from "@ipld/dag-cbor";
import { CID } from "multiformats/cid";
import { CborWriter, cidOf, links, toCid } from "../src/index.ts";

const cids = Array.from({ length: 20 }, (_, i) => cidOf(Uint8Array.of(i)));
const node = new CborWriter().array(2).bytes(new Uint8Array(32)).array(cids.length);
for (const cid of cids) node.link(cid);
const block = node.finish();

await bench("ipld/links 20-links", {
  given: () => block,
  run: (bytes) => void links(bytes),
  beside: { "@ipld/dag-cbor": (bytes) => void dagCbor.decode(bytes) },
});
await bench("ipld/toCid", {
  given: () => cids[0] as Uint8Array,
  run: (bytes) => void toCid(bytes),
  beside: { multiformats: (bytes) => void CID.decode(bytes) },
});
await bench("ipld/cidOf 1KB", { given: () => new Uint8Array(1024), run: (bytes) => void cidOf(bytes) });
