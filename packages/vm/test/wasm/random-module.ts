// Random modules that end: loops count down, calls go to later functions.
import { build, empty, f32, f64, i32, i64 } from "./build.ts";
import { encode, type Instruction } from "./instruction.ts";
import { computed, computedNew } from "./operator-table.ts";

export interface RandomFunction {
  readonly params: readonly number[];
  readonly results: readonly number[];
  readonly locals: readonly number[];
  readonly code: readonly Instruction[];
}
export interface RandomModule {
  readonly bytes: Uint8Array;
  /** Function 0 is imported: `env.log`, i32 to i32. Function 1 is exported as "run": i32 and i64 to i64. */
  readonly functions: readonly RandomFunction[];
  readonly types: readonly (readonly [readonly number[], readonly number[]])[];
  readonly table: readonly number[];
  readonly globals: readonly { readonly type: number; readonly value: number | bigint }[];
  /**
   * Whether what is charged is what is executed. It is more where code inside a block starts the loop around it anew: the
   * tool follows branches forward only, so what comes after that block is paid for with what is before it.
   */
  readonly isExact: boolean;
}
export interface RandomOptions {
  readonly random: () => number;
  /** Whether to use what tool 0.2.0 cannot decode. */
  readonly isNew: boolean;
  readonly floats: boolean;
}

type Signature = readonly [params: readonly number[], results: readonly number[]];

interface Label {
  readonly type: number | undefined;
  /** Local that counts a loop down; its label may only be taken by counting. */
  readonly counter?: number;
}

/** Loads that give a type. */
const loads: Readonly<Record<number, readonly number[]>> = {
  [i32]: [0x28, 0x2c, 0x2d, 0x2e, 0x2f],
  [i64]: [0x29, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35],
  [f32]: [0x2a],
  [f64]: [0x2b],
};
const numbers = [i32, i64, f32, f64];
const mask = 0x3ff;

export function randomModule(options: RandomOptions): RandomModule {
  return new Maker(options).make();
}

class Maker {
  readonly #options: RandomOptions;
  readonly #functions: RandomFunction[] = [];
  readonly #globals: { type: number; value: number | bigint }[] = [];
  #signatures: Signature[] = [];
  #self = 0;
  #locals: number[] = [];
  /** Locals that code may set; counters come after them. */
  #free = 0;
  #results: readonly number[] = [];
  #labels: Label[] = [];
  #budget = 0;
  #isExact = true;

  constructor(options: RandomOptions) {
    this.#options = options;
  }

  make(): RandomModule {
    const types = this.#options.floats ? numbers : [i32, i64];
    const count = 1 + this.#below(4);
    this.#signatures = [
      [[i32], [i32]],
      [[i32, i64], [i64]],
      ...Array.from({ length: count }, () => {
        const params = Array.from({ length: this.#below(4) }, () => this.#pick(types));
        return [params, this.#below(3) === 0 ? [] : [this.#pick(types)]] as const;
      }),
    ];
    for (const type of types) {
      const isWide = type === i64 || type === f64;
      this.#globals.push({ type, value: isWide ? BigInt(this.#below(1000)) : this.#below(1000) });
    }
    this.#functions.push({ params: [i32], results: [i32], locals: [], code: [] });
    for (let index = 1; index < this.#signatures.length; index++) this.#functions.push(this.#function(index, types));
    const last = this.#signatures.length - 1;
    const table = [last, 0, last];
    const bytes = build({
      types: this.#signatures,
      imports: [["env", "log", 0]],
      functions: this.#functions.slice(1).map(({ locals, code }, at) => ({
        type: at + 1,
        locals: groups(locals),
        code: encode(code),
      })),
      table: [table.length],
      memory: [1, 3],
      globals: this.#globals.map(({ type, value }) => [
        type,
        true,
        encode([{ op: { [i32]: 0x41, [i64]: 0x42, [f32]: 0x43, [f64]: 0x44 }[type] as number, a: value }]),
      ]),
      exports: [
        ["run", 0, 1],
        ["memory", 2, 0],
      ],
      elements: [[0, table]],
      data: [[0, Array.from({ length: 64 }, () => this.#below(256))]],
    });
    return {
      bytes,
      functions: this.#functions,
      types: this.#signatures,
      table,
      globals: this.#globals,
      isExact: this.#isExact,
    };
  }

  #function(index: number, types: readonly number[]): RandomFunction {
    const [params, results] = this.#signatures[index] as Signature;
    this.#self = index;
    this.#results = results;
    this.#locals = [...params, ...Array.from({ length: 1 + this.#below(4) }, () => this.#pick(types))];
    this.#free = this.#locals.length;
    this.#labels = [{ type: results[0] }];
    this.#budget = 60 + this.#below(120);
    const code = this.#statements(3);
    if (results[0] !== undefined) code.push(...this.#value(results[0], 3));
    return { params, results, locals: this.#locals.slice(params.length), code };
  }

  #statements(depth: number): Instruction[] {
    return Array.from({ length: 1 + this.#below(4) }, () => this.#statement(depth)).flat();
  }

  #statement(depth: number): Instruction[] {
    if (this.#budget-- <= 0) return [{ op: 0x01 }];
    const kind = this.#below(depth > 0 ? 17 : 8);
    switch (kind) {
      case 0:
      case 1:
        return this.#set(depth);
      case 2: {
        const at = this.#below(this.#globals.length);
        return [...this.#value(this.#globals[at]?.type as number, depth), { op: 0x24, a: at }];
      }
      case 3:
      case 4:
        return this.#store(depth);
      case 5:
        return [...this.#value(this.#anyType(), depth), { op: 0x1a }];
      case 6:
        return [...this.#value(i32, depth), { op: 0x10, a: 0 }, { op: 0x1a }];
      case 7:
        return [{ op: 0x01 }];
      case 8:
        return [{ op: 0x02, type: empty, body: this.#inside({ type: undefined }, () => this.#statements(depth - 1)) }];
      case 9:
      case 10:
        return this.#loop(depth);
      case 11:
      case 12: {
        const condition = this.#value(i32, depth - 1);
        const body = this.#inside({ type: undefined }, () => this.#statements(depth - 1));
        const otherwise =
          this.#below(2) === 0 ? undefined : this.#inside({ type: undefined }, () => this.#statements(depth - 1));
        return [...condition, { op: 0x04, type: empty, body, ...(otherwise && { otherwise }) }];
      }
      case 13:
      case 14:
        return this.#branch(depth);
      case 15:
        return this.#bulk(depth);
      default:
        return this.#call(undefined, depth);
    }
  }

  #set(depth: number): Instruction[] {
    const at = this.#below(this.#free);
    return [...this.#value(this.#locals[at] as number, depth), { op: 0x21, a: at }];
  }

  #store(depth: number): Instruction[] {
    const [op, type] = this.#pick(
      (
        [
          [0x36, i32],
          [0x37, i64],
          [0x38, f32],
          [0x39, f64],
          [0x3a, i32],
          [0x3b, i32],
          [0x3c, i64],
          [0x3d, i64],
          [0x3e, i64],
        ] as const
      ).filter((row) => this.#options.floats || (row[1] !== f32 && row[1] !== f64)),
    );
    return [...this.#address(depth), ...this.#value(type, depth), { op, a: this.#offset() }];
  }

  #address(depth: number): Instruction[] {
    return [...this.#value(i32, depth - 1), { op: 0x41, a: mask }, { op: 0x71 }];
  }

  /** Now and then past the end of memory. */
  #offset(): number {
    return this.#below(40) === 0 ? 65_536 : this.#below(64);
  }

  #loop(depth: number): Instruction[] {
    const counter = this.#locals.length;
    this.#locals.push(i32);
    const body = this.#inside({ type: undefined, counter }, () => [
      ...this.#statements(depth - 1),
      ...countDown(counter),
      { op: 0x0d, a: 0 },
    ]);
    return [
      { op: 0x41, a: 1 + this.#below(3) },
      { op: 0x21, a: counter },
      { op: 0x03, type: empty, body },
    ];
  }

  #branch(depth: number): Instruction[] {
    const at = this.#below(this.#labels.length);
    const label = this.#labels[this.#labels.length - 1 - at] as Label;
    if (label.counter !== undefined) {
      if (at > 0) this.#isExact = false;
      return [...countDown(label.counter), { op: 0x0d, a: at }];
    }
    const value = label.type === undefined ? [] : this.#value(label.type, depth - 1);
    const kind = this.#below(6);
    if (kind === 0) return [...value, { op: 0x0c, a: at }];
    if (kind === 1) {
      const result = this.#results[0] === undefined ? [] : this.#value(this.#results[0], depth - 1);
      return [...result, { op: 0x0f }];
    }
    if (kind === 2 && this.#below(4) === 0) return [{ op: 0x00 }];
    if (kind <= 3) {
      const dropped: Instruction[] = label.type === undefined ? [] : [{ op: 0x1a }];
      return [...value, ...this.#value(i32, depth - 1), { op: 0x0d, a: at }, ...dropped];
    }
    // a table: every target takes what this one takes; under 0.4.0 the default is counted if it is listed too
    const same = this.#labels.flatMap(({ type, counter }, index) =>
      type === label.type && counter === undefined ? [this.#labels.length - 1 - index] : [],
    );
    const labels = Array.from({ length: 1 + this.#below(3) }, () => this.#pick(same));
    return [...value, ...this.#value(i32, depth - 1), { op: 0x0e, labels: [...labels, this.#pick(labels)] }];
  }

  #bulk(depth: number): Instruction[] {
    const size: Instruction[] =
      this.#below(2) === 0
        ? [{ op: 0x41, a: this.#below(100) }]
        : [...this.#value(i32, depth - 1), { op: 0x41, a: 0x7f }, { op: 0x71 }];
    if (this.#below(2) === 0) return [...this.#address(depth), ...this.#value(i32, depth - 1), ...size, { op: 0xfc0b }];
    return [...this.#address(depth), ...this.#address(depth), ...size, { op: 0xfc0a }];
  }

  /** A call of a function that gives `type`, or whose result is dropped. */
  #call(type: number | undefined, depth: number): Instruction[] {
    const found = this.#signatures.flatMap(([, results], index) =>
      index > this.#self && (type === undefined || results[0] === type) ? [index] : [],
    );
    if (found.length === 0) return type === undefined ? [{ op: 0x01 }] : this.#constant(type);
    const callee = this.#pick(found);
    const [params, results] = this.#signatures[callee] as Signature;
    const args = params.flatMap((param) => this.#value(param, depth - 1));
    const last = this.#signatures.length - 1;
    const call: Instruction[] =
      callee === last && this.#below(2) === 0
        ? [
            { op: 0x41, a: this.#below(20) === 0 ? this.#below(5) : this.#pick([0, 2]) },
            { op: 0x11, a: callee },
          ]
        : [{ op: 0x10, a: callee }];
    return [...args, ...call, ...(type === undefined && results.length > 0 ? [{ op: 0x1a }] : [])];
  }

  #value(type: number, depth: number): Instruction[] {
    if (depth <= 0 || this.#budget-- <= 0) return this.#leaf(type);
    switch (this.#below(12)) {
      case 0:
      case 1:
        return this.#leaf(type);
      case 2:
        return [
          {
            op: 0x02,
            type,
            body: this.#inside({ type }, () => [...this.#statements(depth - 1), ...this.#value(type, depth - 1)]),
          },
        ];
      case 3: {
        const arm = (): Instruction[] => this.#inside({ type }, () => this.#value(type, depth - 1));
        return [...this.#value(i32, depth - 1), { op: 0x04, type, body: arm(), otherwise: arm() }];
      }
      case 4:
        return [
          ...this.#value(type, depth - 1),
          ...this.#value(type, depth - 1),
          ...this.#value(i32, depth - 1),
          { op: 0x1b },
        ];
      case 5: {
        const at = this.#locals.slice(0, this.#free).indexOf(type);
        return at < 0 ? this.#leaf(type) : [...this.#value(type, depth - 1), { op: 0x22, a: at }];
      }
      case 6:
        return this.#call(type, depth);
      case 7: {
        return [...this.#address(depth), { op: this.#pick(loads[type] as number[]), a: this.#offset() }];
      }
      case 8: {
        const at = this.#labels.findLastIndex((label) => label.type === type && label.counter === undefined);
        if (at < 0) return this.#leaf(type);
        return [
          ...this.#value(type, depth - 1),
          ...this.#value(i32, depth - 1),
          { op: 0x0d, a: this.#labels.length - 1 - at },
        ];
      }
      default:
        return this.#compute(type, depth);
    }
  }

  #compute(type: number, depth: number): Instruction[] {
    const rows = this.#options.isNew ? [...computed, ...computedNew] : computed;
    const [op, from] = this.#pick(
      rows.filter(
        ([, operands, result]) =>
          result === type && (this.#options.floats || operands.every((of) => of !== f32 && of !== f64)),
      ),
    );
    if (op === 0x40) return [...this.#value(i32, depth - 1), { op: 0x41, a: 1 }, { op: 0x71 }, { op }];
    return [...from.flatMap((operand) => this.#value(operand, depth - 1)), { op }];
  }

  #leaf(type: number): Instruction[] {
    const found = this.#locals.flatMap((of, at) => (of === type ? [at] : []));
    const pick = this.#below(4);
    if (pick === 0 && found.length > 0) return [{ op: 0x20, a: this.#pick(found) }];
    const global = this.#globals.findIndex((entry) => entry.type === type);
    if (pick === 1 && global >= 0) return [{ op: 0x23, a: global }];
    return this.#constant(type);
  }

  #constant(type: number): Instruction[] {
    const wide = BigInt(Math.floor(this.#options.random() * 2 ** 32)) * (this.#below(2) === 0 ? 1n : -0x1_0001_0001n);
    const word = this.#below(2) === 0 ? this.#below(300) - 100 : Number(BigInt.asIntN(32, wide));
    if (type === i32) return [{ op: 0x41, a: word }];
    if (type === i64) return [{ op: 0x42, a: BigInt.asIntN(64, wide) }];
    if (type === f32)
      return [
        { op: 0x43, a: this.#pick([0x3f80_0000, 0xbf00_0000 | 0, 0x7f80_0000, 0x7fc0_0001, 0x7f80_0001, 0, word]) },
      ];
    return [
      {
        op: 0x44,
        a: this.#pick([
          0x3ff0n << 48n,
          -0x4020n << 48n,
          0x7ff0n << 48n,
          0x7ff8_0000_0000_0001n,
          -0xf_ffff_ffff_ffffn,
          BigInt.asIntN(64, wide),
        ]),
      },
    ];
  }

  #inside<T>(label: Label, make: () => T): T {
    this.#labels.push(label);
    const made = make();
    this.#labels.pop();
    return made;
  }

  #anyType(): number {
    return this.#pick(this.#options.floats ? numbers : [i32, i64]);
  }

  #below(limit: number): number {
    return Math.floor(this.#options.random() * limit);
  }

  #pick<T>(items: readonly T[]): T {
    return items[this.#below(items.length)] as T;
  }
}

function countDown(counter: number): Instruction[] {
  return [{ op: 0x20, a: counter }, { op: 0x41, a: 1 }, { op: 0x6b }, { op: 0x22, a: counter }];
}

function groups(locals: readonly number[]): [number, number][] {
  const made: [number, number][] = [];
  for (const type of locals) {
    const last = made.at(-1);
    if (last?.[1] === type) last[0]++;
    else made.push([1, type]);
  }
  return made;
}
