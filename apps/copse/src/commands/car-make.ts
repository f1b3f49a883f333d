import { concatCars, filterCar } from "@copse/car/edit";
import { openCarStore, openFileAccess, saveCarIndex } from "@copse/car/node";
import { salvageCar } from "@copse/car/report";
import type { CarIndexKind } from "@copse/car/store";
import { installFastest } from "@copse/crypto/fastest";
import { type CidBytes, codecs, readCid } from "@copse/ipld";
import { openSeenFile } from "@copse/ipld/seen-file";
import { type SpillingCidSet, walkSync } from "@copse/ipld/walk";
import { assertNotAborted } from "@copse/primitives";
import { CID } from "multiformats/cid";
import { NodeError } from "../errors.ts";
import { createProgress } from "../progress.ts";
import { type CarInput, carLimits, carStoreLimits, needed, openCars, stemOf, textFlag } from "./car-input.ts";
import {
  formatOptions,
  mayOverwrite,
  outputOf,
  outputOptions,
  refuseExisting,
  tellWritten,
  unlessTaken,
  writeOut,
} from "./car-output.ts";
import type { CommandContext, CommandSpec } from "./command.ts";

const input = {
  form: "<file>",
  says: "a CAR file: plain, zstd or .forest.car.zst, told by its bytes; - for standard input",
};
const fileOnly = { form: "<file>", says: "a CAR file" };
const indexKinds: readonly CarIndexKind[] = ["multihash", "sorted"];

/** `copse car concat | compress | decompress | index | filter | salvage` */
export const carMakers: readonly CommandSpec[] = [
  {
    name: "concat",
    says: "Put CAR files together: every block once, in the order of the files, under the roots of all",
    takes: [{ ...input, form: "<files...>" }],
    options: [...outputOptions, ...formatOptions],
    examples: ["copse car concat lite.forest.car.zst diff.forest.car.zst -o both.forest.car.zst"],
    run: async (context) => {
      const names = context.args.filter((name) => name !== undefined);
      const output = outputOf(context, `${stemOf(names[0] ?? "-")}-concat`, "car");
      // A part may lack what another has: roots are looked for in none of them.
      const cars = await openCars(context, names, { stage: "concat", requireRoots: false });
      await closing(cars, async () => {
        using seen = openSeenFile();
        tellWritten(context, await writeOut(context, output, concatCars(cars, { seen, signal: context.signal })));
      });
      return 0;
    },
  },
  {
    name: "compress",
    says: "Write a CAR as .forest.car.zst: small frames and an index, from which blocks are read in place",
    takes: [input],
    options: [...outputOptions, ...formatOptions.slice(1)],
    examples: ["copse car compress mainnet.car", "curl -s $URL | copse car compress - -o mainnet.forest.car.zst"],
    run: (context) => rewrite(context, "compress", "forest"),
  },
  {
    name: "decompress",
    says: "Write a CAR as a plain CARv1",
    takes: [input],
    options: outputOptions,
    examples: ["copse car decompress mainnet.forest.car.zst -o mainnet.car"],
    run: (context) => rewrite(context, "decompress", "car"),
  },
  {
    name: "index",
    says: "Make an index of a plain CAR, as go-car does: in a file of its own, or in a CARv2 with the blocks",
    takes: [fileOnly],
    options: [
      { form: "--kind <name>", says: "multihash (0x0401) or sorted (0x0400) (default: multihash)" },
      { form: "--identity", says: "take in identity CIDs, whose data is in the CID" },
      { form: "--attach", says: "write a CARv2 with the index" },
      { form: "-o, --output <file>", says: "where to (default: named after the input, here)" },
      ...outputOptions.slice(1),
    ],
    examples: ["copse car index mainnet.car", "copse car index mainnet.car --attach -o indexed.car"],
    run: makeIndex,
  },
  {
    name: "filter",
    says: "Keep some blocks of a CAR, in their order: those a root reaches, or of some codecs",
    takes: [fileOnly],
    options: [
      { form: "--root <cid>", says: "keep what this block reaches; the root of the new file", many: true },
      { form: "--codec <name>", says: "keep blocks of this codec: dag-cbor, raw, or a number", many: true },
      ...outputOptions,
      ...formatOptions,
    ],
    examples: ["copse car filter mainnet.forest.car.zst --root bafy2bzace… -o state.car"],
    run: filter,
  },
  {
    name: "salvage",
    says: "Save the good blocks of a cut or damaged CAR, and tell what is lost",
    takes: [fileOnly],
    options: [...outputOptions, ...formatOptions],
    examples: ["copse car salvage broken.forest.car.zst -o saved.forest.car.zst"],
    run: salvage,
  },
];

/** Reads one CAR and writes it in another form; every hash is checked on the way. */
async function rewrite(context: CommandContext, stage: string, format: "forest" | "car"): Promise<number> {
  const name = needed(context, 0);
  const output = { ...outputOf(context, stemOf(name), format), format } as const;
  const cars = await openCars(context, [name], { stage });
  await closing(cars, async ([car]) => {
    tellWritten(context, await writeOut(context, output, filterCar(car as CarInput, { keep: () => true })));
  });
  return 0;
}

async function makeIndex(context: CommandContext): Promise<number> {
  const name = needed(context, 0);
  const named = textFlag(context, "kind") ?? "multihash";
  const kind = indexKinds.find((each) => each === named);
  if (kind === undefined) {
    throw new NodeError("copse/option-malformed", { option: "--kind", value: named, expected: "multihash or sorted" });
  }
  const identity = context.flags["identity"] === true;
  if (textFlag(context, "output") === "-") {
    // A CARv2 tells its size first, and an index alone is made for a file.
    throw new NodeError("copse/option-malformed", { option: "--output", value: "-", expected: "a file" });
  }
  if (context.flags["attach"] === true) {
    const file = textFlag(context, "output") ?? `${stemOf(name)}-indexed.car`;
    refuseExisting(context, file);
    const cars = await openCars(context, [name], { stage: "index" });
    await closing(cars, async ([car]) => {
      const out = filterCar(car as CarInput, { keep: () => true });
      tellWritten(context, await writeOut(context, { file, format: "car2", index: { kind, identity } }, out));
    });
    return 0;
  }
  const file = textFlag(context, "output") ?? `${name.replace(/.*[\\/]/, "")}.idx`;
  refuseExisting(context, file);
  const overwrite = mayOverwrite(context);
  const options = { kind, identity, signal: context.signal, limits: carLimits, overwrite };
  const entries = await unlessTaken(saveCarIndex(file, name, options));
  context.output.answer({ file, kind, entries }, () => `${file}: ${entries} blocks`);
  return 0;
}

async function filter(context: CommandContext): Promise<number> {
  const name = needed(context, 0);
  const roots = texts(context, "root").map((text) => parseCid("--root", text));
  const wanted = texts(context, "codec").map(parseCodec);
  if (roots.length + wanted.length === 0) {
    throw new NodeError("copse/command-malformed", { why: "nothing to keep by: give --root or --codec" });
  }
  const output = outputOf(context, `${stemOf(name)}-filtered`, "car");
  using reached = roots.length === 0 ? undefined : await reach(context, name, roots);
  const cars = await openCars(context, [name], { stage: "filter", requireRoots: false });
  await closing(cars, async ([car]) => {
    const keep = ({ cid }: { readonly cid: CidBytes }): boolean =>
      (reached?.has(cid) ?? true) && (wanted.length === 0 || wanted.includes(readCid(cid).codec));
    const all = roots.length > 0 ? roots : (car as CarInput).roots;
    // A root that is not kept would be one that the new file lacks.
    const kept = filterCar(car as CarInput, {
      signal: context.signal,
      roots: all.filter((cid) => keep({ cid })),
      keep,
    });
    tellWritten(context, await writeOut(context, output, kept));
  });
  return 0;
}

/** Every CID that the roots reach in the file; what the file lacks is passed over. */
async function reach(context: CommandContext, name: string, roots: readonly CidBytes[]): Promise<SpillingCidSet> {
  const progress = createProgress(context.terminal);
  await using store = await openCarStore(name, { signal: context.signal, ...carStoreLimits, spool: 2 ** 40 });
  const absent = roots.find((root) => !store.hasSync(root));
  if (absent !== undefined)
    throw new NodeError("copse/block-absent", { cid: CID.decode(absent).toString(), file: name });
  const seen = openSeenFile();
  const walk = walkSync(roots, store, { seen, missing: "skip" });
  let count = 0;
  try {
    for (const _ of walk) {
      if (++count % 1024 > 0) continue;
      // A long walk at once must still see the signal.
      await new Promise((next) => setImmediate(next));
      assertNotAborted(context.signal);
      progress.update("walk", count, count);
    }
    for (const root of roots) seen.add(root);
    return seen;
  } catch (error) {
    seen.close();
    throw error;
  } finally {
    progress.stop();
  }
}

async function salvage(context: CommandContext): Promise<number> {
  await installFastest();
  const name = needed(context, 0);
  const output = outputOf(context, `${stemOf(name)}-salvaged`, "car");
  await using access = await openFileAccess(name);
  const saved = await salvageCar(access, { signal: context.signal, limits: carLimits });
  const written = await writeOut(context, output, saved);
  const { report } = saved;
  for (const { offset, length, why } of report.losses) {
    context.output.talk(`lost: ${length} B at byte ${offset}: ${why}`);
  }
  if (report.badBlocks > 0) context.output.talk(`left out: ${report.badBlocks} blocks that do not match their CID`);
  tellWritten(context, written, { lost: report });
  return report.lostBytes + report.badBlocks === 0 ? 0 : 3;
}

async function closing(cars: readonly CarInput[], run: (cars: readonly CarInput[]) => Promise<void>): Promise<void> {
  try {
    await run(cars);
  } finally {
    for (const car of cars) await car[Symbol.asyncDispose]();
  }
}

function texts(context: CommandContext, name: string): string[] {
  const value = context.flags[name];
  return Array.isArray(value) ? value.map(String) : [];
}

function parseCid(option: string, text: string): CidBytes {
  try {
    return CID.parse(text).bytes;
  } catch (error) {
    throw new NodeError("copse/option-malformed", { option, value: text, expected: "a CID" }, { cause: error });
  }
}

function parseCodec(text: string): number {
  if (text === "dag-cbor") return codecs.dagCbor;
  if (text === "raw") return codecs.raw;
  const number = /^(0x[\da-f]{1,8}|\d{1,9})$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isNaN(number)) return number;
  const expected = "dag-cbor, raw or a number of multicodec's table";
  throw new NodeError("copse/option-malformed", { option: "--codec", value: text, expected });
}
