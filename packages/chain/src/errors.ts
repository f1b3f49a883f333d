import { CopseError } from "@copse/primitives";
import { type ExecuteFacts, sayExecute } from "./execute/execute-errors.ts";
import { type LinkFacts, type LinkFault, sayLink } from "./link/link-errors.ts";
import { type StoreFacts, sayStore } from "./store/store-errors.ts";

/** Facts of each code this package throws; the tables stand beside what throws them. */
export type ChainFacts = LinkFacts & StoreFacts & ExecuteFacts;

const say: { [C in keyof ChainFacts]: (facts: ChainFacts[C]) => string } = {
  ...sayLink,
  ...sayStore,
  ...sayExecute,
};

/** What the chain refuses: a broken rule of linking, or a wrong use of the store. */
export class ChainError<C extends keyof ChainFacts = keyof ChainFacts> extends CopseError<C, ChainFacts[C]> {
  override readonly name = "ChainError";

  constructor(code: C, facts: ChainFacts[C], options?: ErrorOptions) {
    super(code, say[code](facts), facts, options);
  }
}

/**
 * The error to throw for a fault that came as data.
 *
 * @example
 * if (run.fault !== undefined) throw chainError(run.fault);
 */
export function chainError(fault: LinkFault): ChainError {
  return new ChainError(fault.code, fault.facts as ChainFacts[typeof fault.code]);
}
