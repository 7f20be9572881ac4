# The cells of a table (CSV without quotes) that are not 0: row, column, value.
NR == 1 { for (i = 1; i <= NF; ++i) header[i] = $i; next }
{ for (i = 2; i <= NF; ++i) if ($i != 0) print $1, header[i], $i }
