/** Bounded lists, maps and nullable values. */
import avro from 'avsc';
import { stringType } from './scalars.js';
import { blockCount, refuse, Unwritable, type Attributes, type Hook, type Inner, type Tap } from './tap.js';

/** Arrays that cannot say more items than there are bytes, or than their limit. */
export function arrayType(attributes: Attributes, options: unknown): avro.Type {
  const { 'x-at': at = 'list', 'x-max-items': max = Infinity } = attributes;
  class BoundedArray extends avro.types.ArrayType {
    expects(): string {
      return `a list of at most ${max} items`;
    }
    _read(this: { itemsType: Inner }, tap: Tap): unknown[] {
      const items = this.itemsType;
      const out: unknown[] = [];
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        if (out.length + count > max) refuse(tap, 'DL_WIRE_LIMIT', at, `more than the ${max} items allowed`);
        for (; count > 0; count -= 1) out.push(items._read(tap));
      }
      return out;
    }
    _skip(tap: Tap): void {
      const items = this.itemsType as unknown as Inner;
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        for (; count > 0; count -= 1) items._skip(tap);
      }
    }
    _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean {
      if (!Array.isArray(value) || value.length > max) {
        hook?.(value, this);
        return false;
      }
      const items = this.itemsType as unknown as Inner;
      let ok = true;
      value.forEach((item, index) => {
        path?.push(String(index));
        ok = items._check(item, flags, hook, path) && ok;
        path?.pop();
      });
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!Array.isArray(value) || value.length > max) throw new Unwritable();
      const items = this.itemsType as unknown as Inner;
      if (value.length > 0) {
        tap.writeLong(value.length);
        for (const item of value) items._write(tap, item);
      }
      tap.writeLong(0);
    }
  }
  return new BoundedArray(attributes as unknown as avro.Schema, options);
}

/** Maps as objects without a prototype, bounded like arrays. */
export function mapType(attributes: Attributes, options: unknown): avro.Type {
  const { 'x-at': at = 'map', 'x-max-items': max = Infinity } = attributes;
  const keys = stringType({ type: 'string', 'x-at': `${at} key`, 'x-name': true }) as unknown as Inner;
  const fits = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= max;
  class BoundedMap extends avro.types.MapType {
    expects(): string {
      return `an object of at most ${max} entries, none of them \`__proto__\``;
    }
    _read(this: { valuesType: Inner }, tap: Tap): Record<string, unknown> {
      const out = Object.create(null) as Record<string, unknown>;
      let total = 0;
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        total += count;
        if (total > max) refuse(tap, 'DL_WIRE_LIMIT', at, `more than the ${max} entries allowed`);
        for (; count > 0; count -= 1) {
          const key = keys._read(tap) as string;
          out[key] = this.valuesType._read(tap);
        }
      }
      return out;
    }
    _skip(tap: Tap): void {
      const values = this.valuesType as Inner;
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        for (; count > 0; count -= 1) {
          keys._skip(tap);
          values._skip(tap);
        }
      }
    }
    _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean {
      if (!fits(value)) {
        hook?.(value, this);
        return false;
      }
      let ok = true;
      for (const [key, item] of Object.entries(value)) {
        path?.push(key);
        ok =
          keys._check(key, flags, hook, path) &&
          (this.valuesType as Inner)._check(item, flags, hook, path) &&
          ok;
        path?.pop();
      }
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!fits(value)) throw new Unwritable();
      const entries = Object.entries(value);
      if (entries.length > 0) {
        tap.writeLong(entries.length);
        for (const [key, item] of entries) {
          keys._write(tap, key);
          (this.valuesType as Inner)._write(tap, item);
        }
      }
      tap.writeLong(0);
    }
  }
  return new BoundedMap(attributes as unknown as avro.Schema, options);
}

/** `["null", X]`, the one union nearly every field of ours uses: null or the bare value, one byte to tell. */
export function nullableType(branches: unknown[], options: unknown): avro.Type {
  class Nullable extends avro.types.UnwrappedUnionType {
    expects(): string {
      return 'null or a value';
    }
    _read(tap: Tap): unknown {
      const branch = tap.buf[tap.pos];
      tap.pos += 1;
      if (branch === 0) return null;
      if (branch === 2) return inner._read(tap);
      return refuse(tap, 'DL_WIRE_MALFORMED', 'union', `branch ${branch} of a value that is null or not`);
    }
    _skip(tap: Tap): void {
      const branch = tap.buf[tap.pos];
      tap.pos += 1;
      if (branch === 2) inner._skip(tap);
      else if (branch !== 0)
        refuse(tap, 'DL_WIRE_MALFORMED', 'union', `branch ${branch} of a value that is null or not`);
    }
    _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean {
      return value === null || inner._check(value, flags, hook, path);
    }
    _write(tap: Tap, value: unknown): void {
      tap.writeLong(value === null ? 0 : 1);
      if (value !== null) inner._write(tap, value);
    }
  }
  const union = new Nullable(branches as unknown as avro.Schema, options);
  const inner = union.types[1] as unknown as Inner;
  return union;
}
