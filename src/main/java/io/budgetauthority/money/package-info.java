/// The two units in which money is stored, their arithmetic and how they are written: micro-USD in
/// the ledger, pico-USD in prices. Both are longs; no amount is a float, here or anywhere else.
@NullMarked
package io.budgetauthority.money;

import org.jspecify.annotations.NullMarked;
