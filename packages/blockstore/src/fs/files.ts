import {
  closeSync,
  type Dirent,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";

type Answer<T> = T | Promise<T>;

/** What is asked of the file system; each answers at once, or later. Errors are those of the system. */
export interface Files {
  read(path: string): Answer<Uint8Array>;
  size(path: string): Answer<number>;
  /** Writes a file that must not be there; to the disk where it is `durable`. */
  write(path: string, parts: readonly Uint8Array[], durable: boolean): Answer<void>;
  rename(from: string, to: string): Answer<void>;
  makeFolder(path: string): Answer<unknown>;
  remove(path: string): Answer<void>;
  list(path: string): Answer<Dirent[]>;
  /** Brings the names in a folder to the disk. */
  syncFolder(path: string): Answer<void>;
}

/** Work with files, written once: it yields what it asks, and is handed the answer or the error. */
export type FileWork<T> = Generator<(files: Files) => unknown, T, unknown>;

/** One question. */
export function* ask<T>(question: (files: Files) => Answer<T>): FileWork<T> {
  return (yield question) as T;
}

/** Runs work while the thread waits. */
export function runAtOnce<T>(work: FileWork<T>): T {
  let step = work.next();
  while (step.done !== true) {
    let answer: unknown;
    try {
      answer = step.value(filesAtOnce);
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(answer);
  }
  return step.value;
}

/** Runs work off the thread. */
export async function runLater<T>(work: FileWork<T>): Promise<T> {
  let step = work.next();
  while (step.done !== true) {
    let answer: unknown;
    try {
      answer = await step.value(filesLater);
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(answer);
  }
  return step.value;
}

/** The system's name of an error, as `ENOENT`. */
export function codeOf(error: unknown): string {
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
}

/** A plain array over memory of its own: small reads of Node.js are views of a shared pool. */
function plain(bytes: Uint8Array): Uint8Array {
  return bytes.buffer.byteLength === bytes.length ? new Uint8Array(bytes.buffer) : Uint8Array.from(bytes);
}

const filesAtOnce: Files = {
  read: (path) => plain(readFileSync(path)),
  size: (path) => statSync(path).size,
  write(path, parts, durable) {
    const file = openSync(path, "wx");
    try {
      for (const part of parts) for (let at = 0; at < part.length; ) at += writeSync(file, part, at);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
  },
  rename: renameSync,
  makeFolder: (path) => mkdirSync(path, { recursive: true }),
  remove: unlinkSync,
  list: (path) => readdirSync(path, { withFileTypes: true }),
  syncFolder(path) {
    const folder = openSync(path, "r");
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  },
};

const filesLater: Files = {
  read: async (path) => plain(await readFile(path)),
  size: async (path) => (await stat(path)).size,
  async write(path, parts, durable) {
    const file = await open(path, "wx");
    try {
      for (const part of parts) await file.writeFile(part);
      if (durable) await file.sync();
    } finally {
      await file.close();
    }
  },
  rename,
  makeFolder: (path) => mkdir(path, { recursive: true }),
  remove: unlink,
  list: (path) => readdir(path, { withFileTypes: true }),
  async syncFolder(path) {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  },
};
