/// More money for a while: increases of an account's limit that end by themselves
/// (ledger.md#increases).
@NullMarked
package io.budgetauthority.ledger.increase;

import org.jspecify.annotations.NullMarked;
