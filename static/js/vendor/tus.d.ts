export interface Request {
  getMethod(): string;
  setHeader(header: string, value: string): void;
}

export interface Response {
  getStatus(): number;
  getHeader(header: string): string | undefined;
  getBody(): string;
}

export interface DetailedError extends Error {
  originalResponse: Response | null;
}

export interface PreviousUpload {
  creationTime: string;
  uploadUrl: string | null;
  urlStorageKey: string;
}

export interface Options {
  endpoint: string;
  chunkSize: number;
  metadata: Record<string, string>;
  retryDelays: number[];
  uploadDataDuringCreation: boolean;
  removeFingerprintOnSuccess: boolean;
  fingerprint: () => Promise<string>;
  onBeforeRequest: (request: Request) => void;
  onShouldRetry: (error: DetailedError) => boolean;
  onProgress: (sent: number, total: number) => void;
  onSuccess: () => void;
  onError: (error: DetailedError | Error) => void;
}

export class Upload {
  constructor(file: Blob, options: Options);
  url: string | null;
  start(): void;
  abort(terminate?: boolean): Promise<void>;
  findPreviousUploads(): Promise<PreviousUpload[]>;
  resumeFromPreviousUpload(previous: PreviousUpload): void;
}

export const isSupported: boolean;
