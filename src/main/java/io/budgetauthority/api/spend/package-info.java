/// Resources for balances and for what was spent.
@NullMarked
package io.budgetauthority.api.spend;

import org.jspecify.annotations.NullMarked;
