import { CborWriter, type CidBytes, cidOf, runAsync, runSync, toCid } from "@copse/ipld";
import { concatBytes, equalBytes, isCopseError } from "@copse/primitives";
import { Address } from "@copse/types";
import { describe, expect, it } from "vitest";
import { loadStateTree, powerClaim } from "../../src/index.ts";
import { maxProofBytes, ProofError, proveRead, ReadRecord, recordReads, verifyProof } from "../../src/proof/index.ts";
import { madeState } from "../made-state.ts";
import { fileOf, headerOn, realState } from "./real-state.ts";

const { root, store } = realState(18);
const header = headerOn(root);
const claim = "actors/f04/state/claims/f01000";
const prove = (...paths: string[]) => runSync(proveRead({ header, paths }), store);
type Blocks = readonly (readonly [CidBytes, Uint8Array])[];

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (isCopseError(error)) return error.code;
    throw error;
  }
  return "none";
};

describe("a proof", () => {
  it("holds the header, the blocks to the value, and no more; offline the value is read anew", () => {
    const { file, reads, blocks } = prove(claim);
    const verified = verifyProof(file);
    expect(verified.reads).toEqual(reads);
    expect(verified).toMatchObject({ stateRoot: root, bytes: file.length, blocks: blocks.length - 2 });
    expect(verified.header.height).toBe(7);
    expect(verified.headerCid.equals(toCid(cidOf(header)))).toBe(true);
    const value = runSync(powerClaim(runSync(loadStateTree(root), store), Address.id(1000)), store);
    expect(reads[0]?.reading).toEqual({ kind: "value", value });
    expect(file).toEqual(fileOf(blocks));
  });

  it.each([
    "version",
    "actors/f0100",
    "actors/f01000/state/info/worker",
    "actors/f01000/state/deadlines/3",
    "actors/f05/state/proposals/1",
    "actors/f01003/state/bytecode",
    "actors/f04/head/.",
    "actors/f07/state/token/balances/f0103",
  ])("of %s verifies", (path) => {
    const { file, reads } = prove(path);
    expect(verifyProof(file).reads).toEqual(reads);
  });

  it.each([
    "actors/f0999",
    "actors/f04/state/claims/f01999",
    "actors/f01000/state/sectors/77777",
    "actors/f0999/state/x",
  ])("of what is not there shows that: %s", (path) => {
    const { file } = prove(path);
    expect(verifyProof(file).reads[0]?.reading).toMatchObject({ kind: "absent" });
  });

  it("of several paths holds what they share once", () => {
    const paths = [claim, "actors/f04/state/totalQualityAdjPower", "actors/f01000/state/info"];
    const { file, reads } = prove(...paths);
    expect(verifyProof(file, { paths }).reads).toEqual(reads);
    const alone = paths.map((path) => prove(path).blocks.length - 2);
    expect(verifyProof(file).blocks).toBeLessThan(alone.reduce((sum, count) => sum + count));
    expect(prove(claim, claim).file).toEqual(prove(claim).file);
  });

  it("is the same over any store, and however often", async () => {
    const later = { getBytes: async (cid: CidBytes) => store.getSync(cid) };
    const { file } = await runAsync(proveRead({ header, paths: [claim] }), later);
    expect(file).toEqual(prove(claim).file);
  });

  it.each([0, 7, 16])("of a state of actors v%i verifies", (version) => {
    const made = madeState(version);
    const paths = [claim, "actors/f01000/state/info/worker", "actors/f0100/state/address"];
    const { file, reads } = runSync(proveRead({ header: headerOn(made.root), paths }), made.store);
    expect(verifyProof(file, { stateRoot: made.root }).reads).toEqual(reads);
  });
});

describe("a proof is refused", () => {
  const { file, blocks } = prove(claim, "actors/f0999");

  it("with any bit of any byte altered", () => {
    let refused = 0;
    for (let at = 0; at < file.length; at += 7) {
      const altered = file.slice();
      altered[at] = (altered[at] as number) ^ (1 << (at % 8));
      expect(
        codeOf(() => verifyProof(altered)),
        `byte ${at}`,
      ).toMatch(/^proof\//);
      refused++;
    }
    expect(refused).toBeGreaterThan(500);
  });

  it("cut anywhere, or with bytes behind it", () => {
    for (let end = 0; end < file.length; end += 13) {
      expect(
        codeOf(() => verifyProof(file.subarray(0, end))),
        `${end}`,
      ).toMatch(/^proof\//);
    }
    expect(codeOf(() => verifyProof(concatBytes(file, Uint8Array.of(0))))).toBe("proof/malformed");
  });

  it("where any one block is left out", () => {
    for (let at = 2; at < blocks.length; at++) {
      const without = fileOf(blocks.filter((_, i) => i !== at));
      expect(
        codeOf(() => verifyProof(without)),
        `block ${at}`,
      ).toBe("proof/block-missing");
    }
    expect(codeOf(() => verifyProof(fileOf(blocks.slice(0, 1))))).toBe("proof/malformed");
    expect(codeOf(() => verifyProof(fileOf(blocks.filter((_, i) => i !== 1))))).toBe("proof/malformed");
  });

  it("with a block that no read needs, wherever it stands in order", () => {
    const other = prove("actors/f05/state/proposals/1").blocks;
    const known = new Set(blocks.map(([cid]) => toCid(cid).toString()));
    const extra = other.slice(2).find(([cid]) => !known.has(toCid(cid).toString())) as Blocks[number];
    const sorted = [...blocks.slice(2), extra].toSorted(([a], [b]) => Buffer.compare(a, b));
    const more = fileOf([...blocks.slice(0, 2), ...sorted]);
    expect(codeOf(() => verifyProof(more))).toBe("proof/block-extra");
  });

  it("with blocks in another order, or twice", () => {
    const swapped = [...blocks];
    [swapped[2], swapped[3]] = [blocks[3] as Blocks[number], blocks[2] as Blocks[number]];
    expect(codeOf(() => verifyProof(fileOf(swapped)))).toBe("proof/malformed");
    expect(codeOf(() => verifyProof(fileOf([...blocks, blocks.at(-1) as Blocks[number]])))).toBe("proof/malformed");
  });

  it("where a block's bytes are another's", () => {
    const forged = blocks.map(([cid, bytes], i) => [cid, i === 4 ? (blocks[5]?.[1] as Uint8Array) : bytes] as const);
    expect(codeOf(() => verifyProof(fileOf(forged)))).toBe("proof/block-altered");
  });

  it("of another path, tipset or state than expected", () => {
    const other = toCid(cidOf(headerOn(root, 8)));
    const own = toCid(cidOf(header));
    expect(codeOf(() => verifyProof(file, { headers: [other] }))).toBe("proof/other");
    expect(codeOf(() => verifyProof(file, { paths: [claim] }))).toBe("proof/other");
    expect(codeOf(() => verifyProof(file, { stateRoot: own }))).toBe("proof/other");
    const all = { headers: [other, own], paths: [claim, "actors/f0999"], stateRoot: root };
    expect(codeOf(() => verifyProof(file, all))).toBe("none");
  });

  it("with the descriptor of another path, or another header under the same blocks", () => {
    const [descriptor] = prove("actors/f05/state/proposals/1").blocks;
    expect(codeOf(() => verifyProof(fileOf([descriptor as Blocks[number], ...blocks.slice(1)])))).toMatch(
      /^proof\/block-(missing|extra)$/,
    );
    const else_ = runSync(proveRead({ header: headerOn(madeState(16).root), paths: [claim] }), madeState(16).store);
    const mixed = [else_.blocks[0], else_.blocks[1], ...blocks.slice(2)] as Blocks;
    expect(codeOf(() => verifyProof(fileOf(mixed)))).toBe("proof/block-missing");
    expect(codeOf(() => verifyProof(fileOf([blocks[0], else_.blocks[1], ...blocks.slice(2)] as Blocks)))).toBe(
      "proof/malformed",
    );
  });

  it("with a descriptor that is none, or not in its one form", () => {
    const cid = blocks[1]?.[0] as CidBytes;
    const with_ = (block: Uint8Array) => fileOf([[cidOf(block), block], ...blocks.slice(1)]);
    const begun = (version: number, name = "copse-state-proof") =>
      new CborWriter().array(4).text(name).uint(version).link(cid);
    expect(codeOf(() => verifyProof(with_(begun(2).array(1).text("version").finish())))).toBe("proof/version-unknown");
    expect(codeOf(() => verifyProof(with_(begun(1, "other").array(1).text("version").finish())))).toBe(
      "proof/malformed",
    );
    expect(codeOf(() => verifyProof(with_(begun(1).array(0).finish())))).toBe("proof/malformed");
    expect(codeOf(() => verifyProof(with_(begun(1).array(1).text("/version").finish())))).toBe("proof/malformed");
    expect(codeOf(() => verifyProof(with_(begun(1).array(2).text("version").text("version").finish())))).toBe(
      "proof/malformed",
    );
    const many = begun(1).array(65);
    for (let i = 0; i < 65; i++) many.text(`actors/f0${i}`);
    expect(codeOf(() => verifyProof(with_(many.finish())))).toBe("proof/too-large");
  });

  it("that is too large", () => {
    expect(() => verifyProof(new Uint8Array(maxProofBytes + 1))).toThrow(ProofError);
    expect(codeOf(() => verifyProof(new Uint8Array(maxProofBytes + 1)))).toBe("proof/too-large");
  });
});

describe("making a proof", () => {
  it("refuses paths that are none, and no path", () => {
    expect(codeOf(() => prove())).toBe("proof/malformed");
    expect(codeOf(() => prove("actors//x"))).toBe("state/path-malformed");
    expect(codeOf(() => prove("actors/f04/nothing"))).toBe("state/path-unknown");
    expect(codeOf(() => prove(...Array.from({ length: 65 }, (_, i) => `actors/f0${i}`)))).toBe("proof/too-large");
  });

  it("tells of a block that is not to be had", () => {
    const none = { getSync: () => undefined };
    expect(codeOf(() => runSync(proveRead({ header, paths: [claim] }), none))).toBe("host/block-missing");
  });
});

describe("recordReads", () => {
  it("notes each block once, in order, and passes on what goes wrong", () => {
    const record = new ReadRecord();
    const bytes = root.bytes;
    function* twice(): Generator<CidBytes, number, Uint8Array> {
      const first = yield bytes;
      const second = yield bytes;
      return Number(equalBytes(first, second));
    }
    let asked = 0;
    const counting = {
      getSync(cid: CidBytes) {
        asked++;
        return store.getSync(cid);
      },
    };
    expect(runSync(recordReads(twice(), record), counting)).toBe(1);
    expect([asked, record.blocks().length]).toEqual([1, 1]);
    function* catching(): Generator<CidBytes, string, Uint8Array> {
      try {
        yield cidOf(Uint8Array.of(1));
      } catch {
        return "caught";
      }
      return "not";
    }
    expect(runSync(recordReads(catching(), record), { getSync: () => undefined })).toBe("caught");
    expect(record.blocks().length).toBe(1);
  });
});
