// Modules without imports that the tests run.
#pragma once

namespace pitot::test {

/// Every kind of branch, calls, tables, bulk memory, SIMD, an `else` without anything behind it.
inline constexpr const char* kControlFlow = R"((module
  (memory 1)
  (table 2 funcref) (elem (i32.const 0) $leaf $twice)
  (type $u (func (param i32) (result i32)))
  (func $leaf (type $u) local.get 0 i32.const 3 i32.mul)
  (func $twice (type $u) local.get 0 call $leaf call $leaf)
  (func $early (param i32) (result i32)
    local.get 0 i32.eqz if i32.const 7 return end
    local.get 0 i32.const 2 i32.eq if i32.const 1 br 1 end
    i32.const 3)
  (func $sum (param $n i32) (result i32) (local $i i32) (local $s i32)
    block $out
      loop $next
        local.get $i local.get $n i32.ge_s br_if $out
        local.get $i i32.const 1 i32.and
        if
          local.get $s local.get $i i32.add local.set $s
        else
          local.get $i i32.const 3 i32.rem_u i32.eqz
          if nop end
        end
        local.get $i i32.const 1 i32.add local.set $i
        br $next
      end
    end
    local.get $s)
  (func $switch (param i32) (result i32)
    block $d block $c block $b block $a
      local.get 0 br_table $a $b $c $d
    end i32.const 10 return
    end i32.const 20 drop
    end i32.const 30 return
    end i32.const 40)
  (func (export "a") (result i32) (local $i i32)
    i32.const 100 call $sum drop
    loop $l
      local.get $i call $switch drop
      local.get $i call $early drop
      local.get $i i32.const 1 i32.and local.get $i i32.const 1 i32.and call_indirect (type $u) drop
      local.get $i i32.const 1 i32.add local.tee $i i32.const 6 i32.lt_u br_if $l
    end
    (if (result i32) (local.get $i) (then i32.const 5) (else i32.const 6)) drop
    block $x (result i32)
      local.get $i if i32.const 1 br $x end
      i32.const 2
    end drop
    i32.const 0 i32.const 7 i32.const 64 memory.fill
    i32.const 100 i32.const 0 i32.const 64 memory.copy
    f64.const 1e30 i32.trunc_sat_f64_s drop
    v128.const i32x4 1 2 3 4 i32.const 2 i32x4.splat i32x4.add i32x4.extract_lane 1
    i32.const 9 local.get $i select)
  (func (export "b") i32.const 1 if else nop end i32.const 0 if unreachable else end)
))";

/// Opcodes behind prefixes: bulk memory, saturating conversions, SIMD; and a table's functions called.
inline constexpr const char* kPrefixed = R"((module
  (memory 1)
  (data $bytes "0123456789")
  (table funcref (elem $twice $thrice))
  (type $unary (func (param i32) (result i32)))
  (func $twice (type $unary) local.get 0 i32.const 2 i32.mul)
  (func $thrice (type $unary) local.get 0 i32.const 3 i32.mul)
  (func (export "run") (result i32) (local i32)
    (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 10))
    (data.drop $bytes)
    (memory.fill (i32.const 16) (i32.const 7) (i32.const 8))
    (memory.copy (i32.const 32) (i32.const 16) (i32.const 8))
    loop
      (i32.store (i32.const 64) (i32.trunc_sat_f64_s (f64.mul (f64.convert_i32_s (local.get 0)) (f64.const 1e9))))
      (v128.store (i32.const 80)
        (i32x4.add (v128.load (i32.const 0)) (i32x4.splat (local.get 0))))
      local.get 0 i32.const 1 i32.add local.tee 0 i32.const 5 i32.lt_u
      br_if 0
    end
    (i32.extend8_s (i32x4.extract_lane 1 (v128.load (i32.const 80))))
    (call_indirect (type $unary) (i32.const 1))
    (call_indirect (type $unary) (i32.const 0)))))";

/// Hashing, sorting and reading back an array in memory.
inline constexpr const char* kSort = R"((module
  (memory 1)
  (global $seed (mut i32) (i32.const 12345))
  (func $random (result i32)
    global.get $seed i32.const 1103515245 i32.mul i32.const 12345 i32.add global.set $seed
    global.get $seed i32.const 16 i32.shr_u)
  (func (export "sort") (result i64) (local $i i32) (local $j i32) (local $v i32) (local $sum i64)
    loop $fill
      local.get $i call $random i32.store
      local.get $i i32.const 4 i32.add local.tee $i i32.const 256 i32.lt_s br_if $fill
    end
    i32.const 4 local.set $i
    loop $outer
      local.get $i i32.load local.set $v
      local.get $i local.set $j
      block $placed
        loop $shift
          local.get $j i32.eqz br_if $placed
          local.get $j i32.const 4 i32.sub i32.load local.get $v i32.le_s br_if $placed
          local.get $j local.get $j i32.const 4 i32.sub i32.load i32.store
          local.get $j i32.const 4 i32.sub local.set $j
          br $shift
        end
      end
      local.get $j local.get $v i32.store
      local.get $i i32.const 4 i32.add local.tee $i i32.const 256 i32.lt_s br_if $outer
    end
    i32.const 0 local.set $i
    loop $add
      local.get $sum local.get $i i64.load32_u i64.add local.set $sum
      local.get $i i32.const 4 i32.add local.tee $i i32.const 256 i32.lt_s br_if $add
    end
    local.get $sum)
  (func $fib (param i32) (result i32)
    local.get 0 i32.const 2 i32.lt_u if (result i32) local.get 0 else
      local.get 0 i32.const 1 i32.sub call $fib
      local.get 0 i32.const 2 i32.sub call $fib i32.add
    end)
  (func (export "fib") (result i32) i32.const 12 call $fib)
))";

}  // namespace pitot::test
