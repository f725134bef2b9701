/** A folder in a bucket of S3 or of what speaks its protocol, by aws4fetch, which does not come with klish. */
import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { insidePath } from "../../dataset/insidePath.ts";
import { ProjectError } from "./files.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** An object of a bucket. */
export interface BucketObject {
  /** Below the folder, its parts divided by "/". */
  readonly path: string;
  readonly bytes: number;
  /** The MD5 of its content in hexadecimal, where it was put in one piece. */
  readonly etag: string;
}

/** The folder. All reject with ProjectError that says what the server said. */
export interface Bucket {
  /** As it may be shown: s3://bucket/folder */
  readonly address: string;
  /** Objects whose path begins with `prefix`, in the order of their names. */
  list(prefix: string): AsyncGenerator<BucketObject>;
  get(path: string): Promise<Uint8Array>;
  put(path: string, content: Uint8Array): Promise<void>;
  /** Puts it only where there is none; false where there is: of several that try at once, one succeeds. */
  putNew(path: string, content: Uint8Array): Promise<boolean>;
}

/** Whether a folder is given as one of a bucket. */
export const isBucket = (text: string): boolean => /^s3:\/\//i.test(text);

/** Tries of a request that the network failed. */
const TRIES = 5;
const RETRY_MS = 300;

/**
 * Opens s3://bucket/folder with the variables that AWS' own tools take: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, and
 * AWS_ENDPOINT_URL_S3 or AWS_ENDPOINT_URL for other servers. Nothing is asked yet.
 */
export async function openBucket(address: string, environment: Environment = process.env): Promise<Bucket> {
  const [, name, folder] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*?))?\/?$/i.exec(address) ?? [];
  if (name === undefined)
    throw new ProjectError(`${JSON.stringify(address)} is not a bucket's folder, such as s3://bucket/folder.`);
  const prefix = folder === undefined || folder === "" ? "" : `${inside(folder)}/`;
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey, AWS_SESSION_TOKEN } = environment;
  if (!accessKeyId || !secretAccessKey)
    throw new ProjectError(
      "no key for the bucket: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (of a role: aws configure export-credentials --format env).",
    );
  const region = environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"] || "us-east-1";
  const endpoint = environment["AWS_ENDPOINT_URL_S3"] || environment["AWS_ENDPOINT_URL"];
  const base = endpoint ? `${endpoint.replace(/\/+$/, "")}/${name}` : `https://${name}.s3.${region}.amazonaws.com`;
  const { AwsClient } = await import("aws4fetch").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new ProjectError(
      "a bucket needs a package that does not come with klish. Install it where klish is: npm install aws4fetch",
      { cause },
    );
  });
  const key = { accessKeyId, secretAccessKey, ...(AWS_SESSION_TOKEN && { sessionToken: AWS_SESSION_TOKEN }) };
  const client = new AwsClient({ ...key, service: "s3", region, retries: TRIES });
  const shown = `s3://${name}/${prefix.slice(0, -1)}`;

  const ask = async (url: string, what: string, init: RequestInit = {}): Promise<Response> => {
    for (let tries = 1; ; tries++) {
      try {
        return await client.fetch(url, init);
      } catch (cause) {
        // A proxy's words are not repeated: an address may hold a key.
        const why = ((cause as Error).cause as NodeJS.ErrnoException | undefined)?.code ?? (cause as Error).name;
        if (tries === TRIES)
          throw new ProjectError(`${what}: ${new URL(base).host} does not answer (${why}).`, { cause });
        await pause(RETRY_MS * tries);
      }
    }
  };
  const refused = async (response: Response, what: string): Promise<ProjectError> => {
    const text = await response.text();
    const [code, message] = ["Code", "Message"].map((tag) => element(text, tag));
    return new ProjectError(`${what}: ${[code ?? `status ${response.status}`, message].filter(Boolean).join(": ")}`);
  };
  const urlOf = (path: string): string =>
    `${base}/${(prefix + insidePath(path)).split("/").map(encodeURIComponent).join("/")}`;
  const send = async (path: string, content: Uint8Array, headers: Record<string, string>): Promise<Response> =>
    ask(urlOf(path), `${shown}/${path}`, {
      method: "PUT",
      body: content as Uint8Array<ArrayBuffer>,
      // The server refuses a body that arrives changed.
      headers: { ...headers, "x-amz-content-sha256": createHash("sha256").update(content).digest("hex") },
    });
  return {
    address: shown,
    async *list(from) {
      for (let token: string | undefined; ; ) {
        const query = new URLSearchParams({ "list-type": "2", prefix: prefix + from });
        if (token !== undefined) query.set("continuation-token", token);
        const response = await ask(`${base}/?${query}`, shown);
        if (!response.ok) throw await refused(response, shown);
        const text = await response.text();
        for (const [, object] of text.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
          const [key = "", size, etag = ""] = ["Key", "Size", "ETag"].map((tag) => element(object, tag));
          if (!key.startsWith(prefix)) continue;
          yield { path: key.slice(prefix.length), bytes: Number(size), etag: etag.replaceAll('"', "") };
        }
        token = element(text, "NextContinuationToken");
        if (token === undefined) return;
      }
    },
    async get(path) {
      const response = await ask(urlOf(path), `${shown}/${path}`);
      if (!response.ok) throw await refused(response, `${shown}/${path}`);
      return new Uint8Array(await response.arrayBuffer());
    },
    async put(path, content) {
      const response = await send(path, content, {});
      if (!response.ok) throw await refused(response, `${shown}/${path}`);
    },
    async putNew(path, content) {
      for (let tries = 1; ; tries++) {
        const response = await send(path, content, { "if-none-match": "*" });
        if (response.status === 412) return false;
        // Two at once: the server asks one of them to try again.
        if (response.status === 409 && tries < TRIES) await pause(RETRY_MS * tries);
        else if (response.ok) return true;
        else throw await refused(response, `${shown}/${path}`);
      }
    },
  };
}

function inside(folder: string): string {
  try {
    return insidePath(folder);
  } catch (cause) {
    throw new ProjectError((cause as Error).message, { cause });
  }
}

/** Text of the first such element of a server's XML. */
function element(xml: string, tag: string): string | undefined {
  const text = new RegExp(`<${tag}>([^<]*)</${tag}>`).exec(xml)?.[1];
  return text?.replace(/&(#x?[0-9a-f]+|lt|gt|quot|apos|amp);/gi, (_, name: string) => {
    if (!name.startsWith("#")) return ENTITIES[name.toLowerCase()];
    return String.fromCodePoint(Number(`0${name.slice(1)}`));
  });
}
const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };
