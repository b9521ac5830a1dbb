/// Folds writes that wait at the same time into one transaction (ledger.md#group-commit).
@NullMarked
package io.budgetauthority.ledger.group;

import org.jspecify.annotations.NullMarked;
