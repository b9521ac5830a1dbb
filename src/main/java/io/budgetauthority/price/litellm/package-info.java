/// Reads the price file that LiteLLM publishes into rows.
@NullMarked
package io.budgetauthority.price.litellm;

import org.jspecify.annotations.NullMarked;
