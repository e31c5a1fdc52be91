/** The machine, as far as a run needs to know it. */
export interface Host {
  readonly cores: number;
  readonly freeMemoryBytes: number;
  /** Absolute path of a program on PATH, or null. */
  which(program: string): Promise<string | null>;
  /** First line of `program ...argv`, or null when it fails; asked once, until another file is the program. */
  version(program: string, argv: readonly string[]): Promise<string | null>;
  /** Of the disk that holds the path, or will once it is made; null when nobody can tell. */
  freeDiskBytes(path: string): Promise<number | null>;
  /** Value of an environment variable of the user. */
  env(name: string): string | undefined;
  /** Fresh random bytes as lower-case hexadecimal digits, two per byte. */
  randomHex(bytes: number): string;
  readonly nodeVersion: string;
  readonly homeDir: string;
}
