import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The kept inputs of a fuzz target: one line of base64 each, in the order of their finding. */
export class Corpus {
  readonly inputs: Uint8Array[] = [];
  readonly #path: string;
  readonly #known: Set<string> = new Set();

  /** Those of a target, from `test/corpus` of the package whose folder this process runs in. */
  constructor(target: string, folder: string = join(process.cwd(), "test/corpus")) {
    const name = target
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "");
    this.#path = join(folder, `${name}.txt`);
    if (!existsSync(this.#path)) return;
    for (const line of readFileSync(this.#path, "utf8").split("\n")) this.#take(line);
  }

  /** Keeps an input, if it is not there and not too long to be read in a review. Bound: 300 inputs of 16 KiB a target. */
  add(input: Uint8Array): void {
    if (input.length > 16_384 || this.inputs.length >= 300) return;
    this.#take(Buffer.from(input).toString("base64"));
  }

  /** Writes the file, where there is something to write. */
  save(): void {
    if (this.#known.size === 0) return;
    mkdirSync(dirname(this.#path), { recursive: true });
    writeFileSync(this.#path, `${[...this.#known].join("\n")}\n`);
  }

  #take(line: string): void {
    if (line === "" || this.#known.has(line)) return;
    this.#known.add(line);
    this.inputs.push(Uint8Array.from(Buffer.from(line, "base64")));
  }
}
