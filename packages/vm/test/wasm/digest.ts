// What is charged where, as text to hash: the form of the fact sheet's Appendix B.
import { sha256 } from "@copse/crypto";
import { toHex, utf8 } from "@copse/primitives";
import type { AnalysedModule } from "../../src/wasm/analyse.ts";
import { unitPrice } from "../../src/wasm/metered-blocks.ts";
import { op, unitPrices } from "../../src/wasm/operators.ts";
import { limitedCallLength, limitedCallPrice, operatorPrice } from "../../src/wasm/rules.ts";

/** Figures of an actor's instrumentation. */
export interface InstrumentDigest {
  readonly imports: number;
  readonly defined: number;
  readonly thunks: number;
  /** Metered blocks, and the sum of their prices. Unit: milligas. */
  readonly blocks: number;
  readonly total: number;
  /** Operators priced by their operand. */
  readonly measured: number;
  readonly digest: string;
  readonly maxCost: number;
  readonly costDigest: string;
}

export function instrumentDigest(analysed: AnalysedModule): InstrumentDigest {
  const { module, costs, thunks } = analysed;
  const lines: string[] = [];
  const sums = { blocks: 0, total: 0, measured: 0 };
  for (let index = 0; index < module.code.bodies.length; index++) addBody(analysed, index, lines, sums);
  for (const [at, callee] of thunks.of.entries()) {
    const params = module.types[module.functions[callee] as number]?.params.length as number;
    const price = params * operatorPrice + limitedCallPrice;
    lines.push(`${module.code.bodies.length + at} 0 ${price}\n`);
    sums.blocks++;
    sums.total += price;
  }
  return {
    imports: module.importedFunctions,
    defined: module.code.bodies.length,
    thunks: thunks.of.length,
    ...sums,
    digest: shortHash(lines.join("")),
    maxCost: Math.max(...costs),
    costDigest: shortHash([...costs].map((cost, index) => `${index} ${cost}\n`).join("")),
  };
}

type Sums = { blocks: number; total: number; measured: number };

function addBody({ module, rules, costs, charges }: AnalysedModule, index: number, lines: string[], sums: Sums): void {
  const { ops, args, bodies } = module.code;
  const body = bodies[index] as (typeof bodies)[number];
  const measured: string[] = [];
  let position = 0; // in the output of the stack limiter
  for (let at = body.first; at < body.end; at++) {
    const price = (charges.high.get(at) ?? 0) * 2 ** 32 + (charges.low[at] as number);
    if (price > 0) {
      lines.push(`${index} ${position} ${price}\n`);
      sums.blocks++;
      sums.total += price;
    }
    const unit = unitPrice(module.code, unitPrices[rules], at);
    if (unit > 0) measured.push(`${index} ${position} d ${unit}\n`);
    const isLimited = ops[at] === op.call && (costs[args[at] as number] as number) > 0;
    // tool 0.2.0 reads the last byte of a copying operator as one more operator
    const isCopy = rules === "0.2.0" && (ops[at] === op.memoryCopy || ops[at] === op.tableCopy);
    position += isLimited ? limitedCallLength : isCopy ? 2 : 1;
  }
  lines.push(...measured);
  sums.measured += measured.length;
}

function shortHash(text: string): string {
  return toHex(sha256(utf8(text)).subarray(0, 8));
}
