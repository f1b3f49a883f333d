import { CopseError } from "@copse/primitives";

/** Facts of each code minting throws. */
export type MintFacts = {
  "mint/option-out-of-range": { option: string; found: number; least: number; most: number };
  /** None of the chain's miners. */
  "mint/miner-unknown": { miner: string };
};

const say: { [C in keyof MintFacts]: (facts: MintFacts[C]) => string } = {
  "mint/option-out-of-range": (f) => `${f.option} is ${f.found}, not within ${f.least} to ${f.most}`,
  "mint/miner-unknown": (f) => `${f.miner} is no miner of this chain`,
};

/** A chain that cannot be made as asked. */
export class MintError<C extends keyof MintFacts = keyof MintFacts> extends CopseError<C, MintFacts[C]> {
  override readonly name = "MintError";

  constructor(code: C, facts: MintFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}
