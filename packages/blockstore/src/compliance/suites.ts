import type { AsyncDatabase, Database } from "../database.ts";
import type { AsyncStore, BlockEntry, Closable, Store } from "../store.ts";
import { blockRules } from "./block-rules.ts";
import { closeRules } from "./close-rules.ts";
import { databaseRules, syncDatabaseRules } from "./database-rules.ts";
import { heldBlocks, readOnlyRules, readOnlySyncRules } from "./read-only-rules.ts";
import type { Rules, StoreTraits } from "./rules.ts";
import { streamRules } from "./stream-rules.ts";
import { syncRules } from "./sync-rules.ts";

/** A test framework, as far as the suites need one: vitest's, mocha's or node:test's functions fit. */
export interface SuiteRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** How a suite gets what it tests: a fresh one for each rule, released after it. */
export interface Suite<Subject> extends StoreTraits {
  open(): Subject | Promise<Subject>;
  close?(subject: Subject): void | Promise<void>;
}

/** How a suite gets a store for reading: one that holds the given blocks and nothing else, released after each rule. */
export interface ReadOnlySuite<Subject> extends StoreTraits {
  open(blocks: readonly BlockEntry[]): Subject | Promise<Subject>;
  close?(subject: Subject): void | Promise<void>;
}

/**
 * Runs the rules of `Store`, those of interface-blockstore included, against an implementation.
 *
 * @example
 * describeStore("my store", { open: () => createMyStore() }, { describe, it });
 */
export function describeStore(name: string, suite: Suite<Store>, runner: SuiteRunner): void {
  run(name, suite, { ...blockRules, ...streamRules, ...syncRules }, runner);
}

/**
 * Runs the rules of `AsyncStore`, those of interface-blockstore included, against an implementation; its `getSync` and
 * `hasSync` too, where it has them.
 *
 * @example
 * describeAsyncStore("my store", { open: openMine, close: (store) => store.close() }, { describe, it });
 */
export function describeAsyncStore(name: string, suite: Suite<AsyncStore>, runner: SuiteRunner): void {
  run(name, suite, { ...blockRules, ...streamRules }, runner);
}

/**
 * Runs the rules of a `Store` that can only be read.
 *
 * @example
 * describeReadOnlyStore("my archive", { open: (blocks) => openMine(written(blocks)) }, { describe, it });
 */
export function describeReadOnlyStore(name: string, suite: ReadOnlySuite<Store>, runner: SuiteRunner): void {
  run(name, filled(suite), { ...readOnlyRules, ...readOnlySyncRules }, runner);
}

/**
 * Runs the rules of an `AsyncStore` that can only be read; its `getSync` and `hasSync` too, where it has them.
 *
 * @example
 * describeReadOnlyAsyncStore("a gateway", { open: (blocks) => gateway(blocks), unlisted: true }, { describe, it });
 */
export function describeReadOnlyAsyncStore(name: string, suite: ReadOnlySuite<AsyncStore>, runner: SuiteRunner): void {
  run(name, filled(suite), readOnlyRules, runner);
}

/**
 * Runs the rules of a store that is opened and closed, beside those of its kind.
 *
 * @example
 * describeClosable("my store", { open: openMine, close: (store) => store.close() }, { describe, it });
 */
export function describeClosable(name: string, suite: Suite<AsyncStore & Closable>, runner: SuiteRunner): void {
  run(`${name}: closing`, suite, closeRules, runner);
}

/**
 * Runs the rules of `Database` against an implementation, and those of `Store` against its blocks.
 *
 * @example
 * describeDatabase("my database", { open: openMine, close: (db) => db.close() }, { describe, it });
 */
export function describeDatabase(name: string, suite: Suite<Database>, runner: SuiteRunner): void {
  run(name, suite, { ...databaseRules, ...syncDatabaseRules }, runner);
  describeStore(`${name}: blocks`, blocksOf(suite), runner);
}

/**
 * Runs the rules of `AsyncDatabase` against an implementation, and those of `AsyncStore` against its blocks.
 *
 * @example
 * describeAsyncDatabase("my database", { open: openMine, close: (db) => db.close() }, { describe, it });
 */
export function describeAsyncDatabase(name: string, suite: Suite<AsyncDatabase>, runner: SuiteRunner): void {
  run(name, suite, databaseRules, runner);
  describeAsyncStore(`${name}: blocks`, blocksOf(suite), runner);
}

function blocksOf<Opened extends AsyncDatabase>(suite: Suite<Opened>): Suite<Opened["blocks"]> {
  const open = new WeakMap<object, Opened>();
  return {
    ...suite,
    async open() {
      const database = await suite.open();
      open.set(database.blocks, database);
      return database.blocks;
    },
    close: (store) => suite.close?.(open.get(store) as Opened),
  };
}

function filled<Subject>(suite: ReadOnlySuite<Subject>): Suite<Subject> {
  return { ...suite, open: () => suite.open(heldBlocks) };
}

function run<Subject>(name: string, suite: Suite<Subject>, rules: Rules<Subject>, { describe, it }: SuiteRunner): void {
  describe(name, () => {
    for (const [rule, check] of Object.entries(rules)) {
      it(rule, async () => {
        const subject = await suite.open();
        try {
          await check(subject, suite);
        } finally {
          await suite.close?.(subject);
        }
      });
    }
  });
}
