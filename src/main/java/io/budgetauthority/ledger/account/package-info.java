/// One account: its amounts, a hold on it, and the conditional update that stores both
/// (ledger.md#invariants).
@NullMarked
package io.budgetauthority.ledger.account;

import org.jspecify.annotations.NullMarked;
