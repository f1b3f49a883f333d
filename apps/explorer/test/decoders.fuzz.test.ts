import { CborWriter, cidOf, rawCidOf } from "@copse/ipld";
import { concatBytes, encodeUvarint, utf8 } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { describe, expect } from "vitest";
import { f3SectionOf, readSnapshotMetadata, snapshotStartBytes } from "../src/chain/snapshot-head.ts";
import { ExplorerError } from "../src/errors.ts";
import { fileKind, kindBytes } from "../src/verify/file-kind.ts";
import { golden, goldenManifest } from "./made-files.ts";

const f3 = utf8("F3 data");
const metadata = new CborWriter()
  .raw(Uint8Array.of(0xa3))
  .text("F3Data")
  .link(rawCidOf(f3))
  .text("Version")
  .uint(2)
  .text("HeadTipsetKey")
  .array(1)
  .link(cidOf(utf8("head")))
  .finish();
const root = cidOf(metadata);
const header = concatBytes(
  new CborWriter().raw(Uint8Array.of(0xa2)).text("roots").array(1).link(root).text("version").uint(1).finish(),
);
const section = (bytes: Uint8Array): Uint8Array => concatBytes(encodeUvarint(bytes.length), bytes);
const car = concatBytes(section(header), section(concatBytes(root, metadata)), section(concatBytes(rawCidOf(f3), f3)));

describe("what begins a file", () => {
  fuzz(
    "is of one kind or refused",
    [golden().subarray(0, kindBytes), utf8(goldenManifest()), car],
    (bytes) => expect(["manifest", "f3-snapshot", "header-chain", "state-proof"]).toContain(fileKind(bytes)),
    (error) => error instanceof ExplorerError,
  );

  fuzz(
    "metadata names a head, or is none",
    [metadata],
    (bytes) => {
      const found = readSnapshotMetadata(bytes);
      if (found !== undefined) for (const cid of found.head) expect(cid.length).toBeGreaterThan(3);
    },
    () => false,
  );

  fuzz(
    "the section of F3 data begins behind two others, and does not end before it begins",
    [car],
    (bytes) => {
      const found = f3SectionOf(bytes.subarray(0, snapshotStartBytes));
      if (found === undefined) return;
      expect(found.from).toBeGreaterThan(1);
      expect(found.to).toBeGreaterThan(found.from);
    },
    () => false,
  );
});
