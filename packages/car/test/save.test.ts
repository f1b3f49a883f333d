import { once } from "node:events";
import { link, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cidOf } from "@copse/ipld";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CarEntry, decodeCar } from "../src/index.ts";
import { saveCarFile, saveCarIndex, saveForestCar } from "../src/node.ts";
import { type SaveOptions, saveFile } from "../src/save.node.ts";

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof import("node:fs/promises")>();
  return { ...real, link: vi.fn(real.link), rename: vi.fn(real.rename) };
});

const failing = (code: string) => async (): Promise<never> => {
  throw Object.assign(new Error(code), { code });
};

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "copse-save-"));
  path = join(folder, "out.car");
});
afterEach(async () => {
  vi.mocked(link).mockReset();
  vi.mocked(rename).mockReset();
  const real = await vi.importActual<typeof import("node:fs/promises")>("node:fs/promises");
  vi.mocked(link).mockImplementation(real.link);
  vi.mocked(rename).mockImplementation(real.rename);
  await rm(folder, { recursive: true });
});

const text = (content: string, meanwhile?: () => Promise<unknown>) => async (writer: FileWriterLike) => {
  await writer.write(new TextEncoder().encode(content), 0);
  await meanwhile?.();
  return content.length;
};
interface FileWriterLike {
  write(bytes: Uint8Array, position: number): Promise<void>;
}

/** With hard links, and where there are none. */
describe.each(["links", "no links", "links whose answer is lost"])(
  "a file that must not replace another, with %s",
  (way) => {
    beforeEach(async () => {
      const real = await vi.importActual<typeof import("node:fs/promises")>("node:fs/promises");
      if (way === "no links") vi.mocked(link).mockImplementation(failing("EPERM"));
      if (way === "links whose answer is lost") {
        vi.mocked(link).mockImplementation(async (from, to) => {
          await real.link(from, to);
          await real.link(from, to);
        });
      }
    });
    const options: SaveOptions = { overwrite: false };

    it("is written where nothing is, and nothing is left beside it", async () => {
      expect(await saveFile(path, text("mine"), options)).toBe(4);
      expect(await readFile(path, "utf8")).toBe("mine");
      expect(await readdir(folder)).toEqual(["out.car"]);
    });

    it("is refused before anything is written where the name is taken, be it by a link to nowhere", async () => {
      const fill = vi.fn(text("mine"));
      await writeFile(path, "theirs");
      await expect(saveFile(path, fill, options)).rejects.toMatchObject({ code: "car/file-exists", facts: { path } });
      const dangling = join(folder, "link.car");
      await symlink(join(folder, "nowhere"), dangling);
      await expect(saveFile(dangling, fill, options)).rejects.toMatchObject({ code: "car/file-exists" });
      expect(fill).not.toHaveBeenCalled();
      expect(await readFile(path, "utf8")).toBe("theirs");
      expect((await readdir(folder)).sort()).toEqual(["link.car", "out.car"]);
    });

    it("is refused at the end where the name was taken meanwhile", async () => {
      const taken = [() => writeFile(path, "theirs"), () => symlink(join(folder, "nowhere"), path)];
      for (const take of taken) {
        await expect(saveFile(path, text("mine", take), options)).rejects.toMatchObject({ code: "car/file-exists" });
        expect(await readdir(folder)).toEqual(["out.car"]);
        await rm(path);
      }
      await expect(
        saveFile(
          path,
          text("mine", () => writeFile(path, "theirs")),
          options,
        ),
      ).rejects.toThrow("there already");
      expect(await readFile(path, "utf8")).toBe("theirs");
    });

    it("of many at once is that of one", async () => {
      const all = await Promise.allSettled(
        Array.from({ length: 12 }, (_, i) => saveFile(path, text(`mine ${i}`), options)),
      );
      const winners = all.flatMap(({ status }, i) => (status === "fulfilled" ? [i] : []));
      expect(winners.length).toBe(1);
      for (const one of all) {
        if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "car/file-exists" });
      }
      expect(await readFile(path, "utf8")).toBe(`mine ${winners[0]}`);
      expect(await readdir(folder)).toEqual(["out.car"]);
    });
  },
);

describe("where the host fails", () => {
  it("nothing is left, not even the name", async () => {
    vi.mocked(link).mockImplementation(failing("ENOTSUP"));
    vi.mocked(rename).mockImplementation(failing("EIO"));
    await expect(saveFile(path, text("mine"), { overwrite: false })).rejects.toMatchObject({
      code: "host/store-failed",
      facts: { operation: "rename" },
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it("it says so where the folder is not there", async () => {
    const nowhere = join(folder, "none", "out.car");
    for (const overwrite of [true, false]) {
      await expect(saveFile(nowhere, text("mine"), { overwrite })).rejects.toMatchObject({ code: "host/store-failed" });
    }
  });
});

describe("a file that may replace another", () => {
  it("does, but not what is no file, be it there only at the end", async () => {
    await writeFile(path, "theirs");
    await saveFile(path, text("mine"));
    expect(await readFile(path, "utf8")).toBe("mine");
    await rm(path);
    const server = createServer();
    const listen = async (): Promise<void> => {
      server.listen(path);
      await once(server, "listening");
    };
    await expect(saveFile(path, text("mine", listen))).rejects.toMatchObject({
      code: "host/store-failed",
      facts: { operation: "write" },
    });
    expect(await readdir(folder)).toEqual(["out.car"]);
    server.close();
    await once(server, "close");
  });
});

describe("every writer", () => {
  const bytes = Uint8Array.of(0x80);
  const block: CarEntry = { cid: cidOf(bytes), bytes };
  const input = async (): Promise<string> => {
    const file = join(folder, "in.car");
    await saveCarFile(file, [], [block]);
    return file;
  };

  it.each([
    ["CARv1", (to: string, options: SaveOptions) => saveCarFile(to, [], [block], options)],
    [
      "CARv2",
      (to: string, options: SaveOptions) => saveCarFile(to, [], [block], { ...options, version: 2, index: {} }),
    ],
    [".forest.car.zst", (to: string, options: SaveOptions) => saveForestCar(to, [], [block], options)],
    ["index", async (to: string, options: SaveOptions) => saveCarIndex(to, await input(), options)],
  ])("%s takes it", async (_, write) => {
    await write(path, { overwrite: false });
    const made = await readFile(path);
    await expect(write(path, { overwrite: false })).rejects.toMatchObject({ code: "car/file-exists" });
    await writeFile(path, "theirs");
    await write(path, {});
    expect(Buffer.compare(await readFile(path), made)).toBe(0);
    expect((await readdir(folder)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  });

  it("reads what it wrote", async () => {
    await saveCarFile(path, [block.cid], [block], { overwrite: false });
    expect(decodeCar(await readFile(path)).blocks.length).toBe(1);
  });
});
