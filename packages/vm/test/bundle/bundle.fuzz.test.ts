import { zstdCompressSync } from "node:zlib";
import { isCopseError } from "@copse/primitives";
import { fuzz } from "@copse/testkit";
import { packTar } from "modern-tar";
import { describe } from "vitest";
import { readBundles } from "../../src/bundles.ts";
import { inventBundle } from "./invented-bundle.ts";

const { car } = inventBundle();
const header = { name: "builtin-actors-mainnet.car", size: car.length, type: "file" as const, pax: { comment: "a" } };
const tar = await packTar([{ header, data: Uint8Array.from(car) }]);

describe("bundles", () => {
  fuzz(
    "a bundle or an archive of them",
    [car, tar, new Uint8Array(zstdCompressSync(car)), new Uint8Array(zstdCompressSync(tar))],
    async (bytes) => {
      for (const verify of [true, false]) for await (const { bundle } of readBundles(bytes, { verify })) void bundle;
    },
    (error) => isCopseError(error, "vm/bundle-") || isCopseError(error, "car/"),
  );
});
