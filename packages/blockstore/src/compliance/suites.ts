import type { Database } from "../database.ts";
import type { Store } from "../store.ts";
import { databaseRules } from "./database-rules.ts";
import { storeRules } from "./store-rules.ts";

/** A test framework, as far as the suites need one: vitest's, mocha's or node:test's functions fit. */
export interface SuiteRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** How a suite gets what it tests: a fresh one for each rule, released after it. */
export interface Suite<Subject> {
  open(): Subject | Promise<Subject>;
  close?(subject: Subject): void | Promise<void>;
}

/**
 * Runs the rules of `Store`, those of interface-blockstore included, against an implementation.
 *
 * @example
 * describeStore("my store", { open: () => createMyStore() }, { describe, it });
 */
export function describeStore(name: string, suite: Suite<Store>, runner: SuiteRunner): void {
  run(name, suite, storeRules, runner);
}

/**
 * Runs the rules of `Database` against an implementation, and those of `Store` against its blocks.
 *
 * @example
 * describeDatabase("my database", { open: openMine, close: (db) => db.close() }, { describe, it });
 */
export function describeDatabase(name: string, suite: Suite<Database>, runner: SuiteRunner): void {
  run(name, suite, databaseRules, runner);
  const open = new WeakMap<Store, Database>();
  const blocks: Suite<Store> = {
    async open() {
      const database = await suite.open();
      open.set(database.blocks, database);
      return database.blocks;
    },
    close: (store) => suite.close?.(open.get(store) as Database),
  };
  run(`${name}: blocks`, blocks, storeRules, runner);
}

function run<Subject>(
  name: string,
  suite: Suite<Subject>,
  rules: Readonly<Record<string, (subject: Subject) => Promise<void>>>,
  { describe, it }: SuiteRunner,
): void {
  describe(name, () => {
    for (const [rule, check] of Object.entries(rules)) {
      it(rule, async () => {
        const subject = await suite.open();
        try {
          await check(subject);
        } finally {
          await suite.close?.(subject);
        }
      });
    }
  });
}
