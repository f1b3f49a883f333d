import { CborReader, type CidBytes, cidKey } from "@copse/ipld";
import { VmError } from "../errors.ts";
import type { FvmVersion } from "../fvm-version.ts";

const required = ["account", "system", "init"];
const requiredSince3 = ["placeholder", "eam", "ethaccount"];
/** Actors of which there is one only: FVM 2 makes no second. */
const singletons = ["system", "init", "reward", "cron", "storagepower", "storagemarket", "verifiedregistry"];

/**
 * The built-in actors a machine runs: names and code, in the order that numbers their types from 1.
 *
 * @see ref-fvm:fvm/src/machine/manifest.rs
 */
export class Manifest {
  /** Code of accounts. */
  readonly account: CidBytes;
  /** Code of placeholders. Since FVM 3. */
  readonly placeholder: CidBytes | undefined;
  /** Code of Ethereum accounts. Since FVM 3. */
  readonly ethAccount: CidBytes | undefined;
  readonly entries: readonly { readonly name: string; readonly code: CidBytes }[];
  readonly #typeOf: Map<string, number> = new Map();
  readonly #singletons: Set<string> = new Set();

  /** @throws {VmError} `vm/manifest-incomplete` */
  constructor(entries: readonly { readonly name: string; readonly code: CidBytes }[], fvm: FvmVersion) {
    this.entries = entries;
    const byName = new Map<string, CidBytes>();
    for (const [index, { name, code }] of entries.entries()) {
      this.#typeOf.set(cidKey(code), index + 1);
      byName.set(name, code);
    }
    for (const name of fvm === 2 ? required : [...required, ...requiredSince3]) {
      if (!byName.has(name)) throw new VmError("vm/manifest-incomplete", { name });
    }
    for (const name of singletons) {
      const code = byName.get(name);
      if (code !== undefined) this.#singletons.add(cidKey(code));
    }
    this.account = byName.get("account") as CidBytes;
    this.placeholder = byName.get("placeholder");
    this.ethAccount = byName.get("ethaccount");
  }

  /**
   * Reads the list that the system actor's state links to. Shape: `[[name, code], …]`.
   *
   * @throws {VmError} `vm/manifest-incomplete`
   * @throws {CborError} a block that is no such list
   */
  static decode(block: Uint8Array, fvm: FvmVersion): Manifest {
    const reader = new CborReader(block);
    const entries = Array.from({ length: reader.array() }, () => {
      reader.array(2);
      return { name: reader.text(), code: reader.link().slice() };
    });
    reader.end();
    return new Manifest(entries, fvm);
  }

  /** Number of an actor's type, 0 for code that is not built in. */
  typeOf(code: CidBytes): number {
    return this.#typeOf.get(cidKey(code)) ?? 0;
  }

  /** Code of a type's number. */
  codeOf(type: number): CidBytes | undefined {
    return this.entries[type - 1]?.code;
  }

  /** Whether there may be only one actor of this code. */
  isSingleton(code: CidBytes): boolean {
    return this.#singletons.has(cidKey(code));
  }
}
