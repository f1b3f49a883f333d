import { isCopseError } from "@copse/primitives";
import { describeData, readData, seeded } from "@copse/testkit";
import { expect, it } from "vitest";
import { CarError, carBlocks, decodeCar, encodeCar, readCar } from "../src/index.ts";

const name = "chain/mainnet-export40.car";

/** A CARv1 of the first blocks of the file with its own root, small enough to damage at every byte. */
function smallCar(): Uint8Array {
  const { blocks } = decodeCar(readData(name));
  const small = blocks.filter(({ bytes }) => bytes.length < 600).slice(0, 12);
  return encodeCar([small[3]?.cid as Uint8Array], small);
}

function failureOf(file: Uint8Array): CarError | undefined {
  try {
    decodeCar(file);
    return undefined;
  } catch (error) {
    expect(error, "only coded errors of this package").toBeInstanceOf(CarError);
    return error as CarError;
  }
}

describeData("damage", [name], () => {
  it("notices every single flipped bit of a small CARv1", () => {
    const file = smallCar();
    const codes = new Map<string, number>();
    for (let at = 0; at < file.length; at++) {
      for (let bit = 0; bit < 8; bit++) {
        const damaged = Uint8Array.from(file);
        damaged[at] = (damaged[at] as number) ^ (1 << bit);
        const failure = failureOf(damaged);
        expect(failure, `bit ${bit} of byte ${at}`).toBeDefined();
        codes.set(failure?.code ?? "", (codes.get(failure?.code ?? "") ?? 0) + 1);
      }
    }
    for (const code of ["car/block-mismatch", "car/codec-unexpected", "car/root-missing", "car/header-malformed"]) {
      expect(codes.get(code), code).toBeGreaterThan(0);
    }
  });

  it("notices a flipped bit at 200 places of the real file and names the block", () => {
    const file = readData(name);
    const { blocks } = decodeCar(file);
    const random = seeded(3);
    for (let i = 0; i < 200; i++) {
      const at = Math.floor(random() * file.length);
      const damaged = Uint8Array.from(file);
      damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(random() * 8));
      const failure = failureOf(damaged);
      expect(failure, `byte ${at}`).toBeDefined();
      if (failure?.code !== "car/block-mismatch") continue;
      const facts = failure.facts as { offset: number; section: number };
      expect(facts.offset).toBe(blocks[facts.section]?.offset);
      expect(facts.offset).toBeLessThanOrEqual(at);
    }
  });

  it("yields the good blocks before it names the bad one", async () => {
    const file = Uint8Array.from(readData(name));
    const { blocks } = decodeCar(file);
    const bad = blocks[700]?.offset as number;
    file[bad + 60] = (file[bad + 60] as number) ^ 1;
    let seen = 0;
    const reading = (async () => {
      for await (const _ of carBlocks(file)) seen++;
    })();
    await expect(reading).rejects.toMatchObject({ code: "car/block-mismatch", facts: { offset: bad, section: 700 } });
    expect(seen).toBe(700);
  });

  it("says where a cut file ends, wherever it is cut", () => {
    const file = smallCar();
    const ends = new Set(decodeCar(file).blocks.map(({ offset }) => offset));
    for (let length = 0; length < file.length; length++) {
      const failure = failureOf(file.subarray(0, length));
      if (ends.has(length)) {
        // A whole number of sections: only the missing root can tell.
        expect([undefined, "car/root-missing"]).toContain(failure?.code);
        continue;
      }
      expect(failure?.code, `cut at ${length}`).toBe("car/cut");
      const { offset, held, needed } = (failure as CarError).facts as { offset: number; held: number; needed: number };
      expect(offset + held).toBe(length);
      expect(needed).toBeGreaterThan(held);
    }
  });

  it("reads on without checks where the caller says so", async () => {
    const file = Uint8Array.from(readData(name));
    const { blocks } = decodeCar(file);
    const bad = (blocks[5]?.offset as number) + 60;
    file[bad] = (file[bad] as number) ^ 1;
    expect(decodeCar(file, { verify: false }).blocks.length).toBe(1581);
    const half = file.subarray(0, blocks[4]?.offset);
    expect(() => decodeCar(encodeCar([blocks[9]?.cid as Uint8Array], blocks.slice(0, 4)))).toThrow(/root/);
    expect(decodeCar(half, { requireRoots: false }).blocks.length).toBe(4);
  });

  it("stops when the signal fires, and closes the source", async () => {
    const file = readData(name);
    const controller = new AbortController();
    let closed = false;
    function* chunks(): Generator<Uint8Array> {
      try {
        for (let at = 0; at < file.length; at += 50_000) yield file.subarray(at, at + 50_000);
      } finally {
        closed = true;
      }
    }
    const car = await readCar(chunks(), { signal: controller.signal });
    let count = 0;
    const reading = (async () => {
      for await (const _ of car.blocks) if (++count === 100) controller.abort();
    })();
    await expect(reading).rejects.toSatisfy((error) => isCopseError(error, "host/aborted"));
    expect(closed).toBe(true);
    expect(count).toBeLessThan(1581);
  });

  it("pulls the source no faster than blocks are taken, and closes it when the loop is left", async () => {
    const file = readData(name);
    let pulled = 0;
    let closed = false;
    async function* chunks(): AsyncGenerator<Uint8Array> {
      try {
        for (let at = 0; at < file.length; at += 10_000) {
          pulled++;
          yield file.subarray(at, at + 10_000);
        }
      } finally {
        closed = true;
      }
    }
    const car = await readCar(chunks());
    expect(pulled).toBe(1);
    for await (const { offset } of car.blocks) {
      expect(pulled).toBeLessThanOrEqual(Math.floor(offset / 10_000) + 3);
      if (offset > 500_000) break;
    }
    expect(closed).toBe(true);
    expect(() => car.blocks[Symbol.asyncIterator]()).toThrow(/already/);
  });
});
