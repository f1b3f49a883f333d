import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { actorsDir, actorsFile, describeActors } from "@copse/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { saveWhole } from "../../src/bundle/keep.node.ts";
import { type BundlePin, pinOf } from "../../src/bundles.ts";
import { importBundles, keepBundle, listActorFiles, loadActors, openBundles } from "../../src/node.ts";
import { inventBundle } from "./invented-bundle.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "copse-actors-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("a folder of bundles", () => {
  const { car, root } = inventBundle();

  it("lists files and folders of them, and nothing else", async () => {
    writeFileSync(join(folder, "v3-ournet.car"), car);
    writeFileSync(join(folder, "v10-ournet.car.zst"), zstdCompressSync(car));
    writeFileSync(join(folder, "notes.txt"), "");
    mkdirSync(join(folder, "v4"));
    writeFileSync(join(folder, "v4/builtin-actors-ournet.car"), car);
    writeFileSync(join(folder, "v4/._builtin-actors-ournet.car"), "junk");
    const paths = await listActorFiles(folder);
    expect(paths.map((path) => path.slice(folder.length + 1))).toEqual(["v3-ournet.car", "v4", "v10-ournet.car.zst"]);
    const found: unknown[] = [];
    for (const path of paths)
      for await (const { bundle, pin, file } of openBundles(path)) {
        found.push([file, bundle.network, pin]);
      }
    expect(found).toEqual([
      ["v3-ournet.car", "ournet", undefined],
      ["builtin-actors-ournet.car", "ournet", undefined],
      ["v10-ournet.car.zst", "ournet", undefined],
    ]);
  });

  it("lists nothing where there is no folder", async () => {
    expect(await listActorFiles(join(folder, "none"))).toEqual([]);
  });

  it("takes in what is published, and what is not if it is told so", async () => {
    const path = join(folder, "builtin-actors-ournet.car");
    writeFileSync(path, car);
    const target = join(folder, "kept");
    await expect(importBundles(path, target)).rejects.toMatchObject({ code: "vm/bundle-unknown" });
    const code = "vm/bundle-malformed";
    await expect(importBundles(path, target, { allowUnknown: true })).rejects.toMatchObject({ code });
    const [kept] = await importBundles(path, target, { allowUnknown: true, version: 3 });
    expect(kept?.path).toBe(join(target, "v3-ournet.car"));
    expect((await loadActors(target, 3, "ournet")).root).toEqual(root);
  });

  it("keeps no other bundle under the name of a published one", async () => {
    await expect(keepBundle(folder, 18, "mainnet", car)).rejects.toMatchObject({ code: "vm/bundle-mismatch" });
    expect(readdirSync(folder)).toEqual([]);
    expect(await keepBundle(folder, 1, "ournet", car)).toBe(join(folder, "v1-ournet.car"));
  });

  it("loads a network's bundle, of a folder too", async () => {
    mkdirSync(join(folder, "v4"));
    writeFileSync(join(folder, "v4/builtin-actors-ournet.car"), car);
    expect((await loadActors(folder, 4, "ournet")).root).toEqual(root);
    await expect(loadActors(folder, 4, "theirnet")).rejects.toMatchObject({ code: "vm/bundle-absent" });
    await expect(loadActors(folder, 5, "ournet")).rejects.toMatchObject({ code: "vm/bundle-absent" });
  });

  it("does not take another bundle for a published one", async () => {
    writeFileSync(join(folder, "v18-mainnet.car"), car);
    await expect(loadActors(folder, 18, "mainnet")).rejects.toMatchObject({ code: "vm/bundle-mismatch" });
  });

  it("says what the disk says", async () => {
    await expect(openBundles(join(folder, "none.car")).next()).rejects.toMatchObject({ code: "host/store-failed" });
  });

  it("saves a file whole or not at all", async () => {
    const path = join(folder, "inner/v1.car");
    const fails = (async function* () {
      yield Uint8Array.of(1);
      throw new Error("the source broke");
    })();
    await expect(saveWhole(path, join(folder, "inner"), fails)).rejects.toThrow("the source broke");
    expect(readdirSync(join(folder, "inner"))).toEqual([]);
    await saveWhole(path, join(folder, "inner"), [Uint8Array.of(1), Uint8Array.of(2)]);
    expect(readdirSync(join(folder, "inner"))).toEqual(["v1.car"]);
  });
});

const archived = [8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19];

describeActors("the archives of lotus", archived, () => {
  it.each(archived)("v%i holds published bundles only, and the one of mainnet", async (version) => {
    let main: BundlePin | undefined;
    for await (const { file, bundle, pin } of openBundles(actorsFile(version) as string, { verify: false })) {
      expect(pin, file).toBeDefined();
      expect(pin?.versions, file).toContain(version);
      expect(bundle.network).toBe(pin?.network);
      if (bundle.network === "mainnet") main = pin;
    }
    expect(main).toBe(pinOf("mainnet", version));
  });

  it("an archive is taken in under its name, whatever it is called", async () => {
    const path = join(folder, "actors.bin");
    copyFileSync(actorsFile(9) as string, path);
    const kept = await importBundles(path, join(folder, "kept"));
    expect(kept).toHaveLength(7);
    expect(readdirSync(join(folder, "kept"))).toEqual(["v9.tar.zst"]);
    const wrong = importBundles(path, join(folder, "kept"), { version: 10 });
    await expect(wrong).rejects.toMatchObject({ code: "vm/bundle-mismatch" });
  });

  it("v18 of mainnet has the 16 actors in the order of the network", async () => {
    const bundle = await loadActors(actorsDir, 18, "mainnet");
    const names = bundle.manifest.entries.map(({ name }) => name);
    expect(names.join(" ")).toBe(
      "system init cron account storagepower storageminer storagemarket paymentchannel multisig reward verifiedregistry datacap placeholder evm eam ethaccount",
    );
    expect(bundle.blocks.size).toBe(18);
  });
});
