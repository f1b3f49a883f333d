export { type LevelDatabase, openLevelDatabase } from "./level/database.ts";
export type { LevelChange, LevelEncodings, LevelEngine, LevelOptions, LevelRange } from "./level/engine.ts";
export { openMirroredLevelDatabase } from "./level/mirror.ts";
