import { runSync } from "@copse/ipld";
import { fromLatin1, isCopseError, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import { loadStateTree } from "../../src/index.ts";
import { readStatePath, stateJson } from "../../src/path/index.ts";
import { proveRead, verifyProof } from "../../src/proof/index.ts";
import { headerOn, realState } from "./real-state.ts";

const { root, store } = realState(18);
const tree = runSync(loadStateTree(root), store);
const header = headerOn(root);

const paths = [
  "version",
  "actors/f01/state/addressMap/f080",
  "actors/f04/state/claims/f01000/qualityAdjPower",
  "actors/f04/state/cronEventQueue/3600/0/miner",
  "actors/f05/state/proposals/1/label",
  "actors/f05/state/providerSectors/f01000/1",
  "actors/f06/state/allocations/f0103/1",
  "actors/f07/state/token/allowances/f0103/f05",
  "actors/f01000/state/deadlines/7/partitions/0/expirationsEpochs/2",
  "actors/f01000/state/allocatedSectors",
  "actors/f01000/state/info/controlAddresses/0",
  "actors/f01000/state/vestingFunds/3/amount",
  "actors/f01001/state/pendingTransactions/-1",
  "actors/f01003/state/contractState/0x0",
  "actors/f01003/state/transientData/lifespan/nonce",
  "actors/f04/head/8/1",
  "actors/f05/head/.",
];

const allowed = ["state/path-", "path/", "state/", "proof/malformed", "cbor/", "hamt/"];
const isAllowed = (error: unknown): boolean => allowed.some((prefix) => isCopseError(error, prefix));

describe("paths of state", () => {
  fuzz(
    "any text, read, proven and verified",
    paths.map((path) => utf8(path)),
    (bytes) => {
      const path = new TextDecoder().decode(bytes);
      const reading = runSync(readStatePath(tree, path), store);
      JSON.parse(stateJson(reading, path));
      // whatever can be read can be proven, and is read from its proof as it was
      const { file, reads } = runSync(proveRead({ header, paths: [path] }), store);
      expect(reads[0]?.reading).toEqual(reading);
      expect(verifyProof(file, { paths: [path] }).reads).toEqual(reads);
    },
    isAllowed,
  );

  // a block of the state is another: what is read of it is a reading or a coded error
  const keys = [...store.keys()].slice(0, 120);
  fuzz(
    "with one damaged block",
    keys.map((key) => store.getSync(fromLatin1(key)) as Uint8Array),
    (bytes) => {
      const key = keys[(bytes.length + (bytes[0] ?? 0)) % keys.length] as string;
      const damaged = {
        getSync: (cid: Uint8Array) => (fromLatin1(key).every((b, i) => b === cid[i]) ? bytes : store.getSync(cid)),
      };
      for (const path of paths) {
        try {
          const opened = runSync(loadStateTree(root), damaged);
          JSON.parse(stateJson(runSync(readStatePath(opened, path), damaged), path));
        } catch (error) {
          if (!isDamage(error)) throw error;
        }
      }
    },
    (error) => isDamage(error),
  );
});

const damage = [
  "state/",
  "path/",
  "hamt/",
  "amt/",
  "kamt/",
  "cbor/",
  "cid/",
  "address/",
  "amount/",
  "varint/",
  "bitfield/",
  "host/block-missing",
];
function isDamage(error: unknown): boolean {
  return damage.some((prefix) => isCopseError(error, prefix));
}
