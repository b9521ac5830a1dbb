/// The two units money is kept in, their arithmetic and how they are written: micro-USD in the
/// ledger, pico-USD in prices. Both are longs; nothing here or anywhere else is a float.
@NullMarked
package io.budgetauthority.money;

import org.jspecify.annotations.NullMarked;
