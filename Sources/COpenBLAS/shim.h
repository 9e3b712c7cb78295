#include <cblas.h>
#include <stddef.h>

// LAPACK, which OpenBLAS carries and cblas.h does not declare. Fortran passes the lengths of texts behind the rest.

/// Cholesky factor of a symmetric matrix [n, n], column-major: A = L L^T for uplo "L"; info 0 if it worked.
void dpotrf_(const char *uplo, const blasint *n, double *a, const blasint *lda, blasint *info, size_t uplo_length);

/// Eigenvalues, ascending, and for jobz "V" eigenvectors, in the columns of a, of a symmetric matrix [n, n].
void dsyevd_(const char *jobz, const char *uplo, const blasint *n, double *a, const blasint *lda, double *w,
             double *work, const blasint *lwork, blasint *iwork, const blasint *liwork, blasint *info,
             size_t jobz_length, size_t uplo_length);
