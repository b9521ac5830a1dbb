/// The forms of what is answered: records that are written as JSON. A view leaves out what its
/// caller may not see.
@NullMarked
package io.budgetauthority.api.view;

import org.jspecify.annotations.NullMarked;
