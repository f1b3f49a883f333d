import { existsSync } from "node:fs";
import { type CarEntry, CarError, writeCar } from "@copse/car";
import type { CarOutput } from "@copse/car/edit";
import { compressZstd, saveCarFile, saveForestCar, writeForestCar } from "@copse/car/node";
import type { CarIndexOptions } from "@copse/car/store";
import { NodeError } from "../errors.ts";
import { carLimits, countFlag, textFlag } from "./car-input.ts";
import type { CommandContext, OptionSpec } from "./command.ts";

/** Forms a CAR is written in, by the names that `--format` takes. */
const formats = ["car", "car2", "zst", "forest"] as const;
type Format = (typeof formats)[number];
const endings: Readonly<Record<Format, string>> = {
  car: ".car",
  car2: ".car",
  zst: ".car.zst",
  forest: ".forest.car.zst",
};

/** Options of every command that writes a CAR. */
export const outputOptions: readonly OptionSpec[] = [
  { form: "-o, --output <file>", says: "where to, - for standard output (default: named after the first input, here)" },
  { form: "--force", says: "write over a file that is there" },
];

/** Options of every command that may choose the form of what it writes. */
export const formatOptions: readonly OptionSpec[] = [
  {
    form: "--format <name>",
    says: `${formats.join(", ")}: CARv1, CARv2 with an index, CARv1 as zstd, .forest.car.zst (default: by the name)`,
  },
  { form: "--level <n>", says: "level of zstd, 1 to 22 (default: 3)" },
  {
    form: "--frame-size <bytes>",
    says: "compressed bytes after which a frame of .forest.car.zst ends (default: 8192)",
  },
];

/** Where a CAR goes, and in what form. */
export interface CarTarget {
  readonly file: string;
  readonly format: Format;
  /** Of a CARv2. */
  readonly index?: CarIndexOptions;
}

/** What was written. */
export interface Written {
  readonly file: string;
  readonly format: Format;
  readonly bytes: number;
  readonly blocks: number;
}

/** Where a command writes to, and in what form. @throws {NodeError} `copse/output-exists`, `copse/option-malformed` */
export function outputOf(context: CommandContext, stem: string, usual: Format): CarTarget {
  const given = textFlag(context, "output");
  const named = textFlag(context, "format");
  if (named !== undefined && !isFormat(named)) {
    const expected = `one of ${formats.join(", ")}`;
    throw new NodeError("copse/option-malformed", { option: "--format", value: named, expected });
  }
  const format = named ?? formatByName(given) ?? usual;
  const file = given ?? `${stem}${endings[format]}`;
  if (file === "-" && format === "car2") {
    // Its first bytes tell the size of what follows.
    const expected = "a form that can be written to standard output";
    throw new NodeError("copse/option-malformed", { option: "--format", value: format, expected });
  }
  refuseExisting(context, file);
  return { file, format };
}

/** Says so before anything is read; what comes meanwhile, {@link unlessTaken} tells. @throws {NodeError} `copse/output-exists` */
export function refuseExisting(context: CommandContext, file: string): void {
  if (file !== "-" && !mayOverwrite(context) && existsSync(file)) throw new NodeError("copse/output-exists", { file });
}

/** Whether a command may write over a file that is there. */
export function mayOverwrite(context: CommandContext): boolean {
  return context.flags["force"] === true;
}

/** Waits for a file to be written, whose name another may have taken meanwhile. @throws {NodeError} `copse/output-exists` */
export async function unlessTaken<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    if (!(error instanceof CarError && error.code === "car/file-exists")) throw error;
    throw new NodeError("copse/output-exists", { file: error.facts.path }, { cause: error });
  }
}

/** Writes a CAR in the form that was asked for; nothing is left of it where it fails. */
export async function writeOut(
  context: CommandContext,
  { file, format, index = {} }: CarTarget,
  car: CarOutput,
): Promise<Written> {
  const { signal } = context;
  const level = countFlag(context, "level", 1, 22);
  const frameSize = countFlag(context, "frameSize", 1, 1 << 30);
  let blocks = 0;
  async function* counted(): AsyncGenerator<CarEntry> {
    for await (const batch of car.batches) {
      blocks += batch.length;
      yield* batch;
    }
  }
  const overwrite = mayOverwrite(context);
  const forest = { signal, level, frameSize, limits: carLimits, overwrite };
  let bytes: number;
  if (file === "-") {
    const plain = writeCar(car.roots, counted(), { signal, limits: carLimits });
    const chunks =
      format === "forest"
        ? writeForestCar(car.roots, counted(), forest)
        : format === "zst"
          ? compressZstd(plain, { level: level ?? 3 })
          : plain;
    bytes = await pour(context, chunks);
  } else if (format === "forest") bytes = await unlessTaken(saveForestCar(file, car.roots, counted(), forest));
  else {
    const version = format === "car2" ? 2 : 1;
    const options = {
      signal,
      version,
      limits: carLimits,
      overwrite,
      index: version === 2 ? index : undefined,
    } as const;
    const zstdLevel = format === "zst" ? (level ?? 3) : undefined;
    bytes = await unlessTaken(saveCarFile(file, car.roots, counted(), { ...options, zstdLevel }));
  }
  return { file, format, bytes, blocks };
}

/** Puts chunks on standard output, as fast as they are taken. */
export async function pour(context: CommandContext, chunks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of chunks) {
    await context.writeBytes(chunk);
    bytes += chunk.length;
  }
  return bytes;
}

/** Says what was written: on stdout, unless the file itself went there. */
export function tellWritten(
  context: CommandContext,
  written: Written,
  more: Readonly<Record<string, unknown>> = {},
): void {
  const sentence = `${written.file}: ${written.blocks} blocks, ${written.bytes} B`;
  if (written.file === "-") context.output.talk(sentence);
  else context.output.answer({ ...written, ...more }, () => sentence);
}

function isFormat(text: string): text is Format {
  return formats.some((format) => format === text);
}

function formatByName(file: string | undefined): Format | undefined {
  if (file === undefined || file === "-") return undefined;
  if (/\.forest\.car\.zst$/.test(file)) return "forest";
  if (/\.zstd?$/.test(file)) return "zst";
  return /\.car$/.test(file) ? "car" : undefined;
}
