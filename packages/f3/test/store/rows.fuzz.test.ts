import { concatBytes, isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe } from "vitest";
import { importF3Snapshot } from "../../src/snapshot/index.ts";
import { type CertificateStore, openCertificateStore, reopenCertificateStore } from "../../src/store/index.ts";
import { decodeImport, decodeState, encodeImport, encodeState } from "../../src/store/records.ts";
import { formCheck, snapshotOf, unsignedChain } from "../unsigned-chain.ts";
import { OpenStore } from "./kinds.ts";

const made = unsignedChain(8);
const [initialPowerTable] = made.tables as [(typeof made.tables)[0]];
const root = { networkName: "made", initialInstance: 0, initialPowerTable };
const source = snapshotOf(made);

/** Rows of a store with four certificates and an import that stopped after two more. */
async function filled(): Promise<OpenStore> {
  const kv = new OpenStore();
  await (await openCertificateStore(kv, root)).put(made.certificates.slice(0, 4), formCheck());
  kv.onBatch = (number) => {
    if (number > 1) throw new Error("stopped");
  };
  await importF3Snapshot([source], kv, { manifest: made.manifest, check: formCheck() }).catch(() => {});
  kv.onBatch = () => {};
  return kv;
}

const whole = await filled();
const keys = [...whole.rows.keys()];
const rows = keys.map((key, at) => concatBytes(Uint8Array.of(at), whole.rows.get(key) as Uint8Array));
const allowed = (error: unknown): boolean => isCopseError(error, "f3/");

async function readAll(store: CertificateStore): Promise<void> {
  await store.position();
  for await (const { chain } of store.certificates(store.first)) void chain;
}

describe("rows of a certificate store", () => {
  fuzz(
    "any one of them",
    rows,
    async (bytes) => {
      const kv = new OpenStore();
      for (const [key, value] of whole.rows) kv.rows.set(key, value);
      kv.rows.set(keys[(bytes[0] ?? 0) % keys.length] as string, bytes.slice(1));
      const failures: unknown[] = [];
      const attempt = async (work: () => Promise<unknown>): Promise<void> => {
        await work().catch((error: unknown) => failures.push(error));
      };
      await attempt(async () => readAll(await openCertificateStore(kv, root)));
      await attempt(async () => {
        const store = await reopenCertificateStore(kv);
        if (store !== undefined) await readAll(store);
      });
      await attempt(() => importF3Snapshot([source], kv, { manifest: made.manifest, check: formCheck() }));
      for (const failure of failures) throw failure;
    },
    allowed,
  );

  const state = { networkName: "made", first: 3, lookback: 10, latest: 9, segments: [{ from: 3, generation: 0 }] };
  const progress = { ...state, initialTable: initialPowerTable.cid.bytes, generation: 2, from: 4, next: 7, end: 8 };
  fuzz(
    "records",
    [encodeState(state), encodeImport(progress)],
    (bytes) => {
      for (const [decode, encode] of [
        [decodeState, encodeState],
        [decodeImport, encodeImport],
      ] as const) {
        try {
          const again = (encode as (value: unknown) => Uint8Array)(decode(bytes));
          if (Buffer.compare(again, bytes) !== 0) throw new Error("read otherwise than it is written");
        } catch (error) {
          if (!allowed(error)) throw error;
        }
      }
    },
    allowed,
  );
});
