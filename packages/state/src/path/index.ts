// The subpath `@copse/state/path`: values of state by name.
export {
  maxStatePathLength,
  maxStatePathSegments,
  parseStatePath,
  readStatePath,
  type StateReading,
} from "./read-path.ts";
export { stateJson } from "./to-json.ts";
