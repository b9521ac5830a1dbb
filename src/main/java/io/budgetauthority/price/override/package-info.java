/// A tenant's own prices, which take the place of rows of the table.
@NullMarked
package io.budgetauthority.price.override;

import org.jspecify.annotations.NullMarked;
