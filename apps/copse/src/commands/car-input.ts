import { statSync } from "node:fs";
import { basename } from "node:path";
import { readCar } from "@copse/car";
import type { CarStream, ScannedBlocks } from "@copse/car/edit";
import { scanCar } from "@copse/car/edit";
import { openFileAccess, plainBytes } from "@copse/car/node";
import type { CarKind } from "@copse/car/store";
import { installFastest } from "@copse/crypto/fastest";
import { NodeError } from "../errors.ts";
import { createProgress } from "../progress.ts";
import type { CommandContext } from "./command.ts";

/** Sections up to what Forest reads: the F3 data of a snapshot is one. */
export const carLimits: { readonly sectionBytes: number } = { sectionBytes: 512 << 20 };

/** The same for a store: such a section may fill a frame of a `.forest.car.zst`. */
export const carStoreLimits: { readonly limits: typeof carLimits; readonly frameBytes: number } = {
  limits: carLimits,
  frameBytes: carLimits.sectionBytes + (1 << 20),
};

/** A CAR that a command reads from front to back. */
export interface CarInput extends CarStream, AsyncDisposable {
  readonly name: string;
  readonly kind: CarKind | "standard input";
  readonly version: 1 | 2;
}

/** How a command reads its files. */
export interface InputOptions {
  /** Drawn as the files are read. */
  readonly stage: string;
  readonly verify?: boolean;
  readonly requireRoots?: boolean;
}

/** Opens files of any kind, `-` for standard input; what is read of them is drawn as one bar. */
export async function openCars(
  context: CommandContext,
  names: readonly string[],
  options: InputOptions,
): Promise<CarInput[]> {
  await installFastest();
  const progress = createProgress(context.terminal);
  const total = names.reduce((sum, name) => sum + (name === "-" ? 0 : sizeOf(name)), 0);
  let before = 0;
  const cars: CarInput[] = [];
  for (const name of names) {
    const size = name === "-" ? 0 : sizeOf(name);
    const read = (done: number): void => progress.update(options.stage, before + done, total);
    const done = (): void => {
      before += size;
      if (before === total) progress.stop();
    };
    cars.push(await openCar(context, name, options, read, done));
  }
  return cars;
}

async function openCar(
  context: CommandContext,
  name: string,
  { verify, requireRoots = true }: InputOptions,
  read: (bytes: number) => void,
  done: () => void,
): Promise<CarInput> {
  const options = { signal: context.signal, limits: carLimits, codecs: "any", verify, requireRoots } as const;
  if (name === "-") {
    const { version, roots, batches } = await readCar(plainBytes(context.input), options);
    return {
      name: "standard input",
      kind: "standard input",
      version,
      roots,
      batches,
      async [Symbol.asyncDispose]() {},
    };
  }
  const file = await openFileAccess(name);
  try {
    const { kind, version, roots, parts } = await scanCar(file, options);
    const batches = blocksOf(parts, read, done);
    return { name, kind, version, roots, batches, [Symbol.asyncDispose]: () => file.close() };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* blocksOf(
  parts: AsyncIterable<ScannedBlocks>,
  read: (bytes: number) => void,
  done: () => void,
): AsyncGenerator<ScannedBlocks["blocks"]> {
  try {
    for await (const part of parts) {
      read(part.read);
      yield part.blocks;
    }
  } finally {
    done();
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** `chain.car`, `chain.car.zst` and `chain.forest.car.zst` are `chain`; standard input has no name. */
export function stemOf(name: string): string {
  return name === "-" ? "stdin" : basename(name).replace(/(\.forest)?\.car(\.zst|\.zstd)?$/, "");
}

/** An argument that has to be there. */
export function needed(context: CommandContext, at: number): string {
  const value = context.args[at];
  if (value === undefined) throw new NodeError("copse/command-malformed", { why: "an argument is missing" });
  return value;
}

/** An option as text, where it was given. */
export function textFlag(context: CommandContext, name: string): string | undefined {
  const value = context.flags[name];
  return typeof value === "string" ? value : undefined;
}

/** An option as a whole number between two, where it was given. */
export function countFlag(context: CommandContext, name: string, least: number, most: number): number | undefined {
  const value = textFlag(context, name);
  if (value === undefined) return undefined;
  const count = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (count >= least && count <= most) return count;
  const expected = `a whole number from ${least} to ${most}`;
  throw new NodeError("copse/option-malformed", { option: `--${name}`, value, expected });
}
