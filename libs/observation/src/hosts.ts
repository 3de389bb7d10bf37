/**
 * Which dotted words are host names, and which are file names. Without a scheme or `www.` only a name under a known
 * top-level domain is a host: all country codes, and the generic ones in common use.
 */
import { domainToASCII } from 'node:url';

function words(list: string): ReadonlySet<string> {
  return new Set(list.trim().split(/\s+/));
}

const TOP_LEVEL = words(`
  com net org info biz edu gov mil int name pro mobi jobs tel travel coop museum aero asia cat post arpa
  app dev page web site online store shop blog cloud tech space website xyz club live life world today news media
  email mail digital agency solutions services systems network company group global center support email link click
  top vip icu fun wiki one art design studio finance bank money cash capital fund loan credit insurance market
  markets exchange trade trading legal law health care clinic school academy education training events tickets tours
  travel hotel house homes rent cars auto taxi delivery food cafe restaurant bar pub beer wine pizza games game bet
  casino poker win bid sale deals discount gift gifts promo business consulting management marketing engineering
  software computer download host hosting domains security codes tools tips guide chat social dating love family kids
  pet dog photo photos video movie music audio radio stream work works zone city town land country earth green energy
  solar eco local internal lan intranet corp home test example invalid localhost onion
  ac ad ae af ag ai al am ao aq ar as at au aw ax az ba bb bd be bf bg bh bi bj bm bn bo br bs bt bw by bz ca cc cd
  cf cg ch ci ck cl cm cn co cr cu cv cw cx cy cz de dj dk dm do dz ec ee eg er es et eu fi fj fk fm fo fr ga gb gd
  ge gf gg gh gi gl gm gn gp gq gr gs gt gu gw gy hk hm hn hr ht hu id ie il im in io iq ir is it je jm jo jp ke kg
  kh ki km kn kp kr kw ky kz la lb lc li lk lr ls lt lu lv ly ma mc me mg mh mk ml mm mn mo mp mq mr ms mt mu mv mw
  mx my mz na nc ne nf ng ni nl no np nr nu nz om pa pe pf pg ph pk pl pm pn pr ps pt pw qa re ro ru rw sa sb sc sd
  se sg si sk sl sm sn so sr ss st su sv sx sy sz tc td tf tg th tj tk tl tm tn to tr tt tv tw tz ua ug uk us uy uz
  va vc ve vg vi vn vu wf ws ye yt za zm zw
`);

/** Endings of file names. Where one is a country code too (`md`, `py`, `rs`, `sh`, `pl`, `ps`, `so`), the file wins. */
const FILE_ENDINGS = words(`
  txt md rst csv tsv json jsonl yaml yml xml html htm css scss js mjs cjs ts tsx jsx py ipynb rb rs go java kt c h cc
  cpp hpp cs php pl ps sh bash zsh bat ps1 sql toml ini cfg conf env lock log pdf doc docx odt rtf xls xlsx ods ppt
  pptx odp png jpg jpeg gif bmp svg webp ico tif tiff heic mp3 wav flac ogg m4a mp4 mkv avi webm zip tar gz tgz bz2
  xz 7z rar exe dll so dylib bin iso dmg pkg deb rpm jar war apk pem crt cer key pub p12 pfx jks kdbx db sqlite sqlite3
  parquet avro proto graphql tf tfvars bak tmp old eml msg ics vcf pages numbers tex bib
`);

const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/i;
const NON_ASCII = /[^\x20-\x7e]/;

/** Host in ASCII lower case without `www.` and trailing dot; null when it cannot be one. `text` ≤ 253 characters. */
export function normalHost(text: string): string | null {
  let host = text.toLowerCase();
  if (host.endsWith('.')) host = host.slice(0, -1);
  if (host.length === 0 || host.length > 253) return null;
  if (NON_ASCII.test(host)) host = domainToASCII(host);
  if (host === '') return null;
  for (const label of host.split('.')) if (!LABEL.test(label)) return null;
  return host.startsWith('www.') && host.indexOf('.', 4) > 0 ? host.slice(4) : host;
}

export function isIpV4(host: string): boolean {
  if (host.length > 15 || !/^\d/.test(host)) return false;
  const octets = host.split('.');
  return (
    octets.length === 4 && octets.every((octet) => /^(?:0|[1-9]\d{0,2})$/.test(octet) && Number(octet) <= 255)
  );
}

/** Whether a dotted word is a host name without anything around it that says so. */
export function looksLikeHost(text: string): boolean {
  const lower = text.toLowerCase();
  if (isIpV4(lower)) return true;
  const last = lower.slice(lower.lastIndexOf('.') + 1);
  const www = lower.startsWith('www.') && lower.length > 6;
  if (!www && (!TOP_LEVEL.has(last) || FILE_ENDINGS.has(last)))
    return last.startsWith('xn--') && normalHost(lower) !== null;
  const host = normalHost(lower);
  return host !== null && (host.includes('.') || www) && /[a-z]/.test(host);
}

export function hasFileEnding(text: string): boolean {
  const dot = text.lastIndexOf('.');
  return dot > 0 && FILE_ENDINGS.has(text.slice(dot + 1).toLowerCase());
}
