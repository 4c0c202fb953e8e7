// For auth_request: asks d1-authz if a request's token is active. 204 yes, 401 no, 500 unknown.

import crypto from 'crypto';

function token(r) {
    const found = (r.headersIn['Authorization'] || '').match(/^Bearer +([A-Za-z0-9._~+\/-]+=*)$/i);
    return found ? found[1] : '';
}

async function check(r) {
    if (!token(r)) {
        return r.return(401);
    }
    // A separate POST with this body. nginx keeps its answer for some seconds, see nginx.conf.
    const answer = await r.subrequest('/_introspect', {
        method: 'POST',
        body: 'token=' + encodeURIComponent(token(r)),
    });
    if (answer.status !== 200) {
        r.error('introspection answered ' + answer.status);
        return r.return(500);
    }
    const claims = JSON.parse(answer.responseText);
    if (claims.active !== true) {
        return r.return(401);
    }
    r.headersOut['X-Client-Id'] = claims.client_id;
    r.headersOut['X-Scope'] = claims.scope || '';
    r.return(204);
}

// The key of a kept answer. nginx writes the key to a file, so it must not be the token.
function digest(r) {
    return crypto.createHash('sha256').update(token(r)).digest('hex');
}

export default { check, digest };
