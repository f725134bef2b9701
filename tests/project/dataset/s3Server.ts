/**
 * A server that speaks as much of S3's protocol as klish does, on loopback, in memory: signatures of version 4 are computed from AWS' published
 * description and every request without a right one is refused, as is a body whose hash is another; If-None-Match; pages of lists.
 * npm has no kept server that does conditional writes.
 */
import { createHash, createHmac } from "node:crypto";
import { createServer, type IncomingMessage } from "node:http";

export interface S3Server {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Requests so far, as "PUT path". */
  readonly log: string[];
  /** What the next requests of a method are answered with instead, one each. */
  readonly failures: { readonly method: string; readonly status: number }[];
  stop(): Promise<void>;
}

const KEY = { id: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", region: "eu-test-1" };

export const s3Environment = ({ endpoint }: S3Server): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: KEY.id,
  AWS_SECRET_ACCESS_KEY: KEY.secret,
  AWS_REGION: KEY.region,
  AWS_ENDPOINT_URL_S3: endpoint,
});

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);

/** What is wrong with a request's signature; undefined where nothing is. */
function wrongSignature(request: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const { authorization = "", "x-amz-date": date, "x-amz-content-sha256": hash } = request.headers;
  const match =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=(\w+)$/.exec(
      authorization,
    );
  if (match === null || typeof date !== "string" || typeof hash !== "string") return "AccessDenied";
  const [, id, day, region, names, signature] = match;
  if (id !== KEY.id) return "InvalidAccessKeyId";
  if (region !== KEY.region || !date.startsWith(day)) return "AuthorizationHeaderMalformed";
  if (hash !== "UNSIGNED-PAYLOAD" && hash !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const path = url.pathname
    .split("/")
    .map((part) => encoded(decodeURIComponent(part)))
    .join("/");
  const query = [...url.searchParams]
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
  const headers = names.split(";").map((name) => `${name}:${String(request.headers[name]).trim()}\n`);
  const canonical = [request.method, path, query, headers.join(""), names, hash].join("\n");
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [region, "s3", "aws4_request"].reduce<Buffer>((k, part) => hmac(k, part), hmac(`AWS4${KEY.secret}`, day));
  const expected = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonical)].join("\n")).toString("hex");
  return expected === signature ? undefined : "SignatureDoesNotMatch";
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Starts it with one bucket. Lists come in pages of `page`. */
export async function startS3(bucket: string, page = 1000): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const log: string[] = [];
  const failures: { method: string; status: number }[] = [];
  const server = createServer(async (request, response) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const url = new URL(request.url ?? "/", "http://host");
    log.push(`${request.method} ${url.pathname}`);
    const fail = (status: number, code: string): void => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${code}</Code><Message>said by the server</Message></Error>`);
    };
    const planned = failures.findIndex(({ method }) => method === request.method);
    if (planned >= 0) return fail(failures.splice(planned, 1)[0].status, "SlowDown");
    const wrong = wrongSignature(request, url, body);
    if (wrong !== undefined) return fail(403, wrong);
    const [, name, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    if (name !== bucket) return fail(404, "NoSuchBucket");
    const key = rest.join("/");
    if (request.method === "PUT") {
      if (request.headers["if-none-match"] === "*" && objects.has(key)) return fail(412, "PreconditionFailed");
      objects.set(key, body);
      response.end();
    } else if (key !== "") {
      const object = objects.get(key);
      if (object === undefined) return fail(404, "NoSuchKey");
      response.end(object);
    } else {
      const after = url.searchParams.get("continuation-token") ?? "";
      const found = [...objects.keys()]
        .filter((k) => k.startsWith(url.searchParams.get("prefix") ?? "") && k > after)
        .sort();
      const contents = found.slice(0, page).map((k) => {
        const etag = createHash("md5")
          .update(objects.get(k) as Buffer)
          .digest("hex");
        return `<Contents><Key>${escaped(k)}</Key><Size>${objects.get(k)?.length}</Size><ETag>&quot;${etag}&quot;</ETag></Contents>`;
      });
      const more = found.length > page;
      const next = more ? `<NextContinuationToken>${escaped(found[page - 1])}</NextContinuationToken>` : "";
      response.end(
        `<ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join("")}${next}</ListBucketResult>`,
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    objects,
    log,
    failures,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
