import { zstdCompressSync } from "node:zlib";
import { cidKey, cidOf, rawCidOf } from "@copse/ipld";
import { packTar } from "modern-tar";
import { describe, expect, it } from "vitest";
import { bundlePins, networkOfName, pinOf, pinOfRoot, readBundle, readBundles } from "../../src/bundles.ts";
import { inventBundle, inventedCode } from "./invented-bundle.ts";

const file = (name: string, data: Uint8Array, pax?: Record<string, string>) => ({
  header: { name, size: data.length, type: "file" as const, ...(pax === undefined ? {} : { pax }) },
  data: Uint8Array.from(data),
});

/** An archive as macOS makes it: attributes in pax headers, and a file of metadata beside each file. */
const archive = (...cars: (readonly [name: string, car: Uint8Array])[]): Promise<Uint8Array> =>
  packTar([
    { header: { name: "./", size: 0, type: "directory" } },
    ...cars.flatMap(([name, car]) => [
      file(`./._${name}`, Uint8Array.of(0, 5, 22, 7), { "LIBARCHIVE.xattr.com.apple.provenance": "AQIAGnw" }),
      file(`./${name}`, car, { "LIBARCHIVE.xattr.com.apple.provenance": "AQIAGnw" }),
    ]),
    file("README.md", Uint8Array.of(1)),
  ]);

const readAll = async (source: Iterable<Uint8Array>): Promise<void> => {
  for await (const { bundle } of readBundles(source)) void bundle;
};

describe("readBundle", () => {
  const invented = inventBundle();

  it.each([
    ["a CAR", () => invented.car],
    ["a compressed CAR", () => new Uint8Array(zstdCompressSync(invented.car))],
    ["an archive", () => archive(["builtin-actors-mainnet.car", invented.car])],
    ["a compressed archive", async () => new Uint8Array(zstdCompressSync(await archive(["a.car", invented.car])))],
  ])("reads %s", async (_, make) => {
    const bundle = await readBundle(await make());
    expect(bundle.root).toEqual(invented.root);
    expect(bundle.manifest.cid).toEqual(invented.list);
    expect(bundle.manifest.entries).toEqual([
      { name: "system", code: rawCidOf(inventedCode(1)) },
      { name: "init", code: rawCidOf(inventedCode(2)) },
    ]);
    expect(bundle.blocks.get(cidKey(rawCidOf(inventedCode(2))))).toEqual(inventedCode(2));
    expect(bundle.blocks.size).toBe(4);
  });

  it("reads chunks cut anywhere", async () => {
    const whole = await archive(["builtin-actors-mainnet.car", invented.car]);
    const bytewise = (function* () {
      for (const byte of whole) yield Uint8Array.of(byte);
    })();
    expect((await readBundle(bytewise)).root).toEqual(invented.root);
  });

  it("takes the network that is asked for out of an archive", async () => {
    const other = inventBundle({ entries: [["system", rawCidOf(inventedCode(1))]] });
    const whole = await archive(["builtin-actors-devnet.car", invented.car], ["builtin-actors-mainnet.car", other.car]);
    const bundle = await readBundle(whole, { network: "mainnet" });
    expect(bundle).toMatchObject({ root: other.root, network: "mainnet" });
    const files: string[] = [];
    for await (const found of readBundles(whole)) files.push(found.file);
    expect(files).toEqual(["./builtin-actors-devnet.car", "./builtin-actors-mainnet.car"]);
    await expect(readBundle(whole, { network: "testing" })).rejects.toMatchObject({ code: "vm/bundle-absent" });
  });

  it.each([
    ["another version", { version: 2 }, "vm/bundle-malformed"],
    ["no list", { leaveOut: "list" }, "vm/bundle-malformed"],
    ["no code", { leaveOut: "code" }, "vm/bundle-malformed"],
    ["no root", { leaveOut: "root" }, "car/root-missing"],
    ["no actors", { entries: [] }, "vm/bundle-malformed"],
    ["two of a name", { entries: [1, 2].map((n) => ["init", rawCidOf(inventedCode(n))]) }, "vm/bundle-malformed"],
    ["code in DAG-CBOR", { entries: [["init", cidOf(inventedCode(1))]] }, "vm/bundle-malformed"],
    ["a list as root", { roots: [invented.list] }, "vm/bundle-malformed"],
    ["two roots", { roots: [invented.root, invented.list] }, "vm/bundle-malformed"],
  ] as const)("refuses a bundle with %s", async (_, odd, code) => {
    await expect(readBundle(inventBundle(odd as object).car)).rejects.toMatchObject({ code });
  });

  it("refuses a changed module", async () => {
    const car = Uint8Array.from(invented.car);
    const at = Buffer.from(car).indexOf(Buffer.from(inventedCode(2)));
    car[at + 8] = 9;
    await expect(readBundle(car)).rejects.toMatchObject({ code: "car/block-mismatch" });
  });

  it("refuses what ends early, wherever it is cut", async () => {
    const whole = await archive(["builtin-actors-mainnet.car", invented.car]);
    const pieces = function* (length: number): Generator<Uint8Array> {
      for (let at = 0; at < length; at += 1000) yield whole.subarray(at, Math.min(at + 1000, length));
    };
    for (let length = 0; length < whole.length - 1024; length += 97) {
      const code = expect.stringMatching(/^(vm|car)\//);
      await expect(readAll(pieces(length))).rejects.toMatchObject({ code });
    }
  });

  it("holds to its bounds", async () => {
    const { car } = invented;
    const many = await archive(...Array.from({ length: 5 }, (_, at) => [`${at}.txt`, Uint8Array.of(at)] as const));
    const code = "vm/bundle-too-long";
    await expect(readBundle(car, { limits: { bytes: 100 } })).rejects.toMatchObject({ code });
    await expect(readBundle(car, { limits: { archiveBytes: 100 } })).rejects.toMatchObject({ code });
    await expect(readBundle(car, { limits: { blocks: 3 } })).rejects.toMatchObject({ code });
    await expect(readBundle(car, { limits: { blockBytes: 40 } })).rejects.toMatchObject({
      code: "car/section-too-long",
    });
    await expect(readBundle(many, { limits: { files: 4 } })).rejects.toMatchObject({ code });
    const bomb = new Uint8Array(zstdCompressSync(await packTar([file("zeros", new Uint8Array(2 << 20))])));
    expect(bomb.length).toBeLessThan(1000);
    await expect(readBundle(bomb, { limits: { archiveBytes: 1 << 20 } })).rejects.toMatchObject({ code });
  });

  it("ends when the signal fires", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(readBundle(invented.car, { signal })).rejects.toMatchObject({ code: "host/aborted" });
  });
});

describe("the table of published bundles", () => {
  it("has each root once", () => {
    expect(new Set(bundlePins.map(({ root }) => cidKey(root))).size).toBe(bundlePins.length);
  });

  it("finds bundles by root, and those in use by network and version", () => {
    const pin = pinOf("calibrationnet", 16);
    expect(pin).toMatchObject({ release: "v16.0.1", versions: [16] });
    expect(pinOfRoot(pin?.root ?? new Uint8Array())).toBe(pin);
    expect(pinOf("mainnet", 19)).toBe(pinOf("mainnet", 18));
    expect(pinOf("mainnet", 7)).toBeUndefined();
  });

  it("tells networks from names of files", () => {
    expect(networkOfName("a/builtin-actors-testing-fake-proofs.car")).toBe("testing-fake-proofs");
    expect(networkOfName("v18-mainnet.car.zst")).toBe("mainnet");
    expect(networkOfName("builtin-actors-calibrationnet-v16.0.0.car")).toBeUndefined();
  });
});
