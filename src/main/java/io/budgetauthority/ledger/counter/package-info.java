/// Counts runs, so that a policy can limit how many there are (ledger.md#counters).
@NullMarked
package io.budgetauthority.ledger.counter;

import org.jspecify.annotations.NullMarked;
