import type { FvmVersion } from "../fvm-version.ts";

/** What differs between generations and is one number. */
export interface Rules {
  readonly fvm: FvmVersion;
  /** Calls that may be open when another one begins. FVM 2 does not count the top one. */
  readonly openCalls: number;
  /** Bytes of a block an actor makes. */
  readonly blockSize: number;
  /** Bytes of one instance's memory. */
  readonly instanceMemory: number;
  /** Bytes of all memories and tables of a message's open calls. */
  readonly messageMemory: number;
  /** Elements of a table. */
  readonly tableElements: number;
}

const unlimited = Number.POSITIVE_INFINITY;

const since3 = {
  openCalls: 1024,
  blockSize: 2 ** 20,
  instanceMemory: 512 * 2 ** 20,
  messageMemory: 2 * 2 ** 30,
  tableElements: 20_000,
};

const rules: { readonly [F in FvmVersion]: Rules } = {
  2: {
    fvm: 2,
    openCalls: 1025,
    blockSize: unlimited,
    instanceMemory: unlimited,
    messageMemory: unlimited,
    tableElements: unlimited,
  },
  3: { fvm: 3, ...since3 },
  4: { fvm: 4, ...since3 },
};

/** The rules of a generation. @see ref-fvm:fvm/src/machine/mod.rs NetworkConfig */
export function rulesOf(fvm: FvmVersion): Rules {
  return rules[fvm];
}
