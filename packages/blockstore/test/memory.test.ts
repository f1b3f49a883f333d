import { describe, it } from "vitest";
import { describeDatabase, describeStore } from "../src/compliance.ts";
import { createMemoryBlockstore, createMemoryDatabase } from "../src/index.ts";

describeStore("memory store", { open: createMemoryBlockstore }, { describe, it });
describeDatabase("memory database", { open: createMemoryDatabase, close: (db) => db.close() }, { describe, it });
